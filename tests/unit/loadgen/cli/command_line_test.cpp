// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <cohort/runtime/version.hpp>
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/loadgen/cli/parsed_command.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;
using namespace test;
using config::environment;

std::string url_of(const target& target) { return std::string{target.request.url.buffer()}; }

std::vector<std::string> target_names(const run_configuration& configuration) {
  std::vector<std::string> names;
  for (const auto& target : configuration.load.targets) names.push_back(target.name);
  return names;
}

using field_list = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("command line: the defaults are the balanced mode, one minute, 5 requests/s and the four services",
          "[loadgen][cli]") {
  const auto configuration = parse_valid({});
  CHECK(configuration.mode == "balanced");
  CHECK(configuration.rate == request_rate::per_second(5));
  CHECK(configuration.length == 60s);
  CHECK(configuration.load.profile.request_count() == 300);
  CHECK(configuration.load.arrivals == arrival_process::constant);
  CHECK(configuration.load.seed == 1);
  CHECK_FALSE(configuration.load.closed_loop);
  CHECK(configuration.load.connections == 256);
  CHECK(configuration.load.keep_alive);
  CHECK(configuration.load.timeout == 10s);
  CHECK_FALSE(configuration.load.deadline);
  CHECK(configuration.load.abort_objectives.empty());
  CHECK(configuration.threads == 1);
  CHECK(configuration.objectives.empty());
  CHECK(configuration.server_metrics.empty());
  CHECK_FALSE(configuration.metrics_port);
  CHECK(configuration.metrics_host == "127.0.0.1");
  CHECK_FALSE(configuration.skip_preflight);
  CHECK_FALSE(configuration.quiet);
  CHECK_FALSE(configuration.is_knee_search());
  REQUIRE(target_names(configuration) == argument_list{"time", "sysinfo", "weather", "dashboard"});
  const argument_list urls{"http://127.0.0.1:5001/api/time", "http://127.0.0.1:5002/api/sysinfo",
                           "http://127.0.0.1:5003/api/weather", "http://127.0.0.1:5000/api/aggregate"};
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const auto& target = configuration.load.targets[i];
    CHECK(url_of(target) == urls[i]);
    CHECK(target.weight == 1);
    CHECK(target.request.method == http::method::get);
    CHECK(target.request.fields.empty());
    CHECK(target.request.body.empty());
    CHECK(target.expected_body.empty());
  }
}

TEST_CASE("command line: every flag sets its option", "[loadgen][cli]") {
  const auto configuration = parse_valid({"-m",
                                          "spike",
                                          "-d",
                                          "2m",
                                          "-r",
                                          "12.5",
                                          "--arrivals",
                                          "poisson",
                                          "--seed",
                                          "7",
                                          "-c",
                                          "32",
                                          "-t",
                                          "4",
                                          "--timeout",
                                          "3s",
                                          "--deadline",
                                          "250ms",
                                          "--no-keep-alive",
                                          "--slo",
                                          "p99<200ms",
                                          "--slo",
                                          "a:goodput>99%",
                                          "--abort-on-fail",
                                          "--target",
                                          "a=http://h/a@3",
                                          "--target",
                                          "http://h/b?x=1",
                                          "--method",
                                          "POST",
                                          "-H",
                                          "X-A: 1",
                                          "--header",
                                          "X-B: 2",
                                          "--body",
                                          "hello",
                                          "--expect-body",
                                          "world",
                                          "--json",
                                          "j",
                                          "--csv",
                                          "c",
                                          "--html",
                                          "-",
                                          "--baseline",
                                          "b",
                                          "--server-metrics",
                                          "http://h/metrics",
                                          "--server-metrics",
                                          "http://g/metrics",
                                          "--metrics-port",
                                          "9100",
                                          "--metrics-host",
                                          "::1",
                                          "--no-preflight",
                                          "-q"});
  CHECK(configuration.mode == "spike");
  CHECK(configuration.length == 120s);
  CHECK(configuration.rate.millionths == 12'500'000);
  CHECK(configuration.load.profile.phases().size() == 3);
  CHECK(configuration.load.arrivals == arrival_process::poisson);
  CHECK(configuration.load.seed == 7);
  CHECK(configuration.load.connections == 32);
  CHECK(configuration.threads == 4);
  CHECK(configuration.load.timeout == 3s);
  CHECK(configuration.load.deadline == 250ms);
  CHECK_FALSE(configuration.load.keep_alive);
  REQUIRE(configuration.objectives.size() == 2);
  CHECK(configuration.objectives[1].target == "a");
  CHECK(configuration.load.abort_objectives.size() == 2);
  REQUIRE(target_names(configuration) == argument_list{"a", "h/b"});
  CHECK(configuration.load.targets[0].weight == 3);
  CHECK(url_of(configuration.load.targets[1]) == "http://h/b?x=1");
  for (const auto& target : configuration.load.targets) {
    CHECK(target.request.method == http::method::post);
    CHECK(target.request.fields == field_list{{"X-A", "1"}, {"X-B", "2"}});
    CHECK(target.request.body == "hello");
    CHECK(target.expected_body == "world");
  }
  CHECK(configuration.json_file == "j");
  CHECK(configuration.csv_file == "c");
  CHECK(configuration.html_file == "-");
  CHECK(configuration.uses_standard_output());
  CHECK(configuration.baseline_file == "b");
  CHECK(configuration.server_metrics.size() == 2);
  CHECK(configuration.metrics_port == 9100);
  CHECK(configuration.metrics_host == "::1");
  CHECK(configuration.skip_preflight);
  CHECK(configuration.quiet);
}

TEST_CASE("command line: each mode has the load profile of its name", "[loadgen][cli]") {
  const std::string mode = GENERATE("balanced", "spike", "burst", "heavy", "stress", "constant", "ramp");
  const auto configuration = parse_valid({"-m", mode, "-d", "20", "-r", "10"});
  CHECK(configuration.mode == mode);
  CHECK(configuration.load.profile.length() == 20s);
  const auto expected = profile_for_mode(mode, request_rate::per_second(10), 20s);
  CHECK(configuration.load.profile.request_count() == expected.request_count());
  CHECK(configuration.load.profile.phases().front().name == expected.phases().front().name);
}

TEST_CASE("command line: help and version exit with status 0, even after invalid flags", "[loadgen][cli]") {
  for (const auto& arguments : {argument_list{"-h"}, argument_list{"--help"}, argument_list{"-m", "nonsense", "-h"}}) {
    const auto exit = parse_exit(arguments);
    CHECK(exit.status == 0);
    for (const auto* flag : {"--mode", "--duration", "--rate", "--stage", "--target", "--slo", "--deadline",
                             "--scenario", "API_KEY", "TIME_SERVICE_URL", "--json", "--baseline"}) {
      CHECK(exit.text.find(flag) != std::string::npos);
    }
  }
  const auto version_exit = parse_exit({"--version"});
  CHECK(version_exit.status == 0);
  CHECK(version_exit.text == "loadgen " + std::string{version()} + "\n");
}

TEST_CASE("command line: flags for URLs of services take precedence over the environment, and URLs keep their paths",
          "[loadgen][cli]") {
  const environment variables{{"TIME_SERVICE_URL", "http://time-service:5001"},
                              {"SYSINFO_SERVICE_URL", "https://proxy/sys/"},
                              {"WEATHER_SERVICE_URL", "http://[::1]:5003/w"},
                              {"DASHBOARD_SERVICE_URL", ""}};
  const auto configuration = parse_valid({"--time-service-url", "http://other:1"}, variables);
  CHECK(url_of(configuration.load.targets[0]) == "http://other:1/api/time");
  CHECK(url_of(configuration.load.targets[1]) == "https://proxy/sys/api/sysinfo");
  CHECK(url_of(configuration.load.targets[2]) == "http://[::1]:5003/w/api/weather");
  CHECK(url_of(configuration.load.targets[3]) == "http://127.0.0.1:5000/api/aggregate");
  CHECK(parse_exit({}, {{"WEATHER_SERVICE_URL", "weather"}}).text ==
        "loadgen: WEATHER_SERVICE_URL is \"weather\", but must be a URL such as http://127.0.0.1:5001 or "
        "https://wttr.in\n");
}

TEST_CASE("command line: the API key is sent to every target and never printed", "[loadgen][cli]") {
  const environment variables{{"API_KEY", "s3cret-key"}};
  const auto configuration = parse_valid({"-H", "Accept: */*"}, variables);
  for (const auto& target : configuration.load.targets) {
    CHECK(target.request.fields == field_list{{"Accept", "*/*"}, {"X-API-Key", "s3cret-key"}});
  }
  for (const auto& [name, value] : configuration.fingerprint) {
    CHECK(name.find("s3cret") == std::string::npos);
    CHECK(value.find("s3cret") == std::string::npos);
  }
  for (const auto& arguments :
       {argument_list{"-m", "x"}, argument_list{"-d", "0"}, argument_list{"--nonsense"}, argument_list{"-h"}}) {
    CHECK(parse_exit(arguments, variables).text.find("s3cret") == std::string::npos);
  }
  CHECK(
      parse_exit({}, {{"API_KEY", "s3cret key"}}).text ==
      "loadgen: API_KEY is an invalid value (not shown), but must be a secret of visible ASCII characters, without spaces\n");
  CHECK(parse_valid({}, {{"API_KEY", ""}}).load.targets[0].request.fields.empty());
}

TEST_CASE("command line: an explicit X-API-Key header takes precedence over the environment", "[loadgen][cli]") {
  const auto configuration = parse_valid({"-H", "x-api-key: mine"}, {{"API_KEY", "theirs"}});
  CHECK(configuration.load.targets[0].request.fields == field_list{{"x-api-key", "mine"}});
}

TEST_CASE("command line: the API key is the first key of a file", "[loadgen][cli]") {
  const temporary_directory files;
  const auto path = files.write("key", "s3cret\r\nnext: s3cret-of-tomorrow\n").string();
  const field_list sent{{"X-API-Key", "s3cret"}};
  CHECK(parse_valid({}, {{"API_KEY_FILE", path}}).load.targets[0].request.fields == sent);
  CHECK(parse_valid({"--api-key-file", path}).load.targets[0].request.fields == sent);
  CHECK(parse_exit({"--api-key", "x", "--api-key-file", path}).status == 104);
}

TEST_CASE("command line: the body can be read from a file with any bytes", "[loadgen][cli]") {
  const temporary_directory files;
  const std::string bytes("\0\r\n@\xff", 5);
  const auto configuration = parse_valid({"--body", "@" + files.write("body", bytes).string(), "--method", "PUT"});
  CHECK(configuration.load.targets[3].request.body == bytes);
}

TEST_CASE("command line: the rate `max` selects a closed loop with 64 connections by default", "[loadgen][cli]") {
  const auto mode_flags = GENERATE(from_range(std::vector<argument_list>{{}, {"-m", "constant"}, {"-m", "balanced"}}));
  auto arguments = mode_flags;
  arguments.insert(arguments.end(), {"-r", "max", "-d", "10"});
  const auto configuration = parse_valid(arguments);
  CHECK(configuration.load.closed_loop);
  CHECK(configuration.load.profile.length() == 10s);
  CHECK(configuration.load.profile.request_count() == 0);
  CHECK(configuration.load.connections == 64);
  arguments.insert(arguments.end(), {"-c", "5"});
  CHECK(parse_valid(arguments).load.connections == 5);
}

TEST_CASE("command line: stages define a load profile", "[loadgen][cli]") {
  const auto configuration = parse_valid({"--stage", "10s:100", "--stage", "5s:20:step"});
  CHECK(configuration.mode == "stages");
  CHECK(configuration.length == 15s);
  CHECK(configuration.load.profile.length() == 15s);
  CHECK(configuration.load.profile.request_count() == 600);
}

TEST_CASE("command line: a knee search has default objectives and no load profile", "[loadgen][cli]") {
  const auto defaults = parse_valid({"-m", "knee", "-r", "100"});
  CHECK(defaults.is_knee_search());
  REQUIRE(defaults.objectives.size() == 2);
  CHECK(defaults.objectives[0].text == "p99<100ms");
  CHECK(defaults.objectives[1].text == "error_rate<1%");
  CHECK(defaults.load.profile.phases().empty());
  const auto custom_configuration = parse_valid({"-m", "knee", "--slo", "p50<1ms"});
  REQUIRE(custom_configuration.objectives.size() == 1);
  CHECK(custom_configuration.objectives[0].text == "p50<1ms");
  CHECK(parse_valid({}).objectives.empty());
}

TEST_CASE("command line: the peak rate of a mode can be exactly a million requests per second", "[loadgen][cli]") {
  CHECK(parse_valid({"-m", "spike", "-r", "62500"}).load.profile.rate_at(30s) == request_rate::per_second(1'000'000));
  CHECK(parse_valid({"-m", "heavy", "-r", "50000"}).load.profile.rate_at(0s) == request_rate::per_second(1'000'000));
  CHECK(parse_valid({"-m", "stress", "-r", "2500"}).load.profile.rate_at(30s) == request_rate::per_second(1'000'000));
  CHECK(parse_valid({"-r", "1000000"}).load.profile.rate_at(0s) == request_rate::per_second(1'000'000));
}

TEST_CASE("command line: flags take precedence over the scenario, and the scenario over the defaults",
          "[loadgen][cli]") {
  const temporary_directory files;
  const char* const scenario = R"({"mode": "ramp", "rate": 50, "duration": "30s", "arrivals": "poisson",
    "seed": 3, "connections": 8, "threads": 2, "timeout": "2s", "deadline": "1s", "keep_alive": false,
    "slo": ["p99<1s"], "targets": [{"name": "a", "url": "http://h/a", "method": "PUT", "body": "b",
    "expect_body": "ok", "headers": {"X-A": "1", "X-B": "2"}}]})";
  const auto path = files.write("s.json", scenario).string();
  SECTION("scenario only") {
    const auto configuration = parse_valid({"--scenario", path}, {{"TIME_SERVICE_URL", "http://not-this:1"}});
    CHECK(configuration.mode == "ramp");
    CHECK(configuration.rate == request_rate::per_second(50));
    CHECK(configuration.length == 30s);
    CHECK(configuration.load.arrivals == arrival_process::poisson);
    CHECK(configuration.load.seed == 3);
    CHECK(configuration.load.connections == 8);
    CHECK(configuration.threads == 2);
    CHECK(configuration.load.timeout == 2s);
    CHECK(configuration.load.deadline == 1s);
    CHECK_FALSE(configuration.load.keep_alive);
    REQUIRE(configuration.objectives.size() == 1);
    CHECK(configuration.objectives[0].text == "p99<1s");
    CHECK(target_names(configuration) == argument_list{"a"});
    const auto& target = configuration.load.targets[0];
    CHECK(target.request.method == http::method::put);
    CHECK(target.request.body == "b");
    CHECK(target.expected_body == "ok");
    CHECK(target.request.fields == field_list{{"X-A", "1"}, {"X-B", "2"}});
  }
  SECTION("every flag overrides the scenario") {
    const auto configuration = parse_valid(
        {"--scenario", path,     "-m",    "constant", "-r",       "20",   "-d",     "10",        "--arrivals",
         "constant",   "--seed", "9",     "-c",       "16",       "-t",   "1",      "--timeout", "5s",
         "--deadline", "2s",     "--slo", "p50<1s",   "--method", "POST", "--body", "c",         "--expect-body",
         "fine",       "-H",     "x-b: 3"},
        {{"API_KEY", "k"}});
    CHECK(configuration.load.profile.request_count() == 200);
    CHECK(configuration.load.arrivals == arrival_process::constant);
    CHECK(configuration.load.seed == 9);
    CHECK(configuration.load.connections == 16);
    CHECK(configuration.threads == 1);
    CHECK(configuration.load.timeout == 5s);
    CHECK(configuration.load.deadline == 2s);
    REQUIRE(configuration.objectives.size() == 1);
    CHECK(configuration.objectives[0].text == "p50<1s");
    const auto& target = configuration.load.targets.at(0);
    CHECK(target.name == "a");
    CHECK(target.request.method == http::method::post);
    CHECK(target.request.body == "c");
    CHECK(target.expected_body == "fine");
    CHECK(target.request.fields == field_list{{"X-A", "1"}, {"x-b", "3"}, {"X-API-Key", "k"}});
  }
  SECTION("target flags replace the scenario's targets") {
    const auto configuration = parse_valid({"--scenario", path, "--target", "b=http://g/"});
    CHECK(target_names(configuration) == argument_list{"b"});
    CHECK(configuration.load.targets[0].request.method == http::method::get);
    CHECK(configuration.load.targets[0].request.fields.empty());
    CHECK(configuration.load.targets[0].request.body.empty());
    CHECK(configuration.load.targets[0].expected_body.empty());
    CHECK(configuration.mode == "ramp");
  }
  SECTION("stage flags replace the scenario's load profile") {
    const auto configuration = parse_valid({"--scenario", path, "--stage", "5s:10:step"});
    CHECK(configuration.mode == "stages");
    CHECK(configuration.load.profile.request_count() == 50);
  }
  SECTION("options of flags and scenario are validated together") {
    CHECK(parse_exit({"--scenario", path, "-t", "9"}).text == "loadgen: --threads must be at most --connections\n");
    CHECK(parse_exit({"--scenario", path, "--slo", "b:p99<1s"}).text ==
          "loadgen: --slo \"b:p99<1s\": there is no target \"b\"\n");
  }
}

TEST_CASE("command line: a mode flag replaces the stages of a scenario", "[loadgen][cli]") {
  const temporary_directory files;
  const auto path = files.write("s.json", R"({"stages": [{"duration": "10s", "rate": 10, "shape": "step"}]})").string();
  CHECK(parse_valid({"--scenario", path}).load.profile.request_count() == 100);
  const auto configuration = parse_valid({"--scenario", path, "-m", "constant", "-r", "7", "-d", "10"});
  CHECK(configuration.mode == "constant");
  CHECK(configuration.load.profile.request_count() == 70);
  CHECK(parse_valid({"--scenario", path, "--stage", "1s:10:step"}).load.profile.request_count() == 10);
}

}  // namespace
}  // namespace cohort
