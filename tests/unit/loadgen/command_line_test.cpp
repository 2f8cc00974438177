#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <set>

#include "tests/support/temporary_directory.hpp"
#include "tests/unit/loadgen/parsed_command.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;
using namespace test;
using config::environment;

std::string url_of(const target& of) { return std::string{of.request.url.buffer()}; }

std::vector<std::string> names_of(const command& of) {
  std::vector<std::string> names;
  for (const auto& each : of.load.targets) names.push_back(each.name);
  return names;
}

using fields = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("Without a flag: balanced, for a minute, five requests per second to the stack's four services") {
  const auto made = accepted({});
  CHECK(made.mode == "balanced");
  CHECK(made.rate == request_rate::per_second(5));
  CHECK(made.length == 60s);
  CHECK(made.load.schedule.requests() == 300);
  CHECK(made.load.spread == arrival_kind::constant);
  CHECK(made.load.seed == 1);
  CHECK_FALSE(made.load.closed_loop);
  CHECK(made.load.connections == 256);
  CHECK(made.load.keep_alive);
  CHECK(made.load.timeout == 10s);
  CHECK_FALSE(made.load.time_limit);
  CHECK(made.load.abort_on.empty());
  CHECK(made.threads == 1);
  CHECK(made.objectives.empty());
  CHECK(made.server_metrics.empty());
  CHECK_FALSE(made.metrics_port);
  CHECK(made.metrics_host == "127.0.0.1");
  CHECK_FALSE(made.skip_preflight);
  CHECK_FALSE(made.quiet);
  CHECK_FALSE(made.is_search());
  REQUIRE(names_of(made) == arguments{"time", "sysinfo", "weather", "dashboard"});
  const arguments urls{"http://127.0.0.1:5001/api/time", "http://127.0.0.1:5002/api/sysinfo",
                       "http://127.0.0.1:5003/api/weather", "http://127.0.0.1:5000/api/aggregate"};
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const auto& each = made.load.targets[i];
    CHECK(url_of(each) == urls[i]);
    CHECK(each.weight == 1);
    CHECK(each.request.verb == http::method::get);
    CHECK(each.request.fields.empty());
    CHECK(each.request.body.empty());
    CHECK(each.expected_text.empty());
  }
}

TEST_CASE("Every flag is heard") {
  const auto made = accepted({"-m",
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
  CHECK(made.mode == "spike");
  CHECK(made.length == 120s);
  CHECK(made.rate.millionths == 12'500'000);
  CHECK(made.load.schedule.phases().size() == 3);
  CHECK(made.load.spread == arrival_kind::poisson);
  CHECK(made.load.seed == 7);
  CHECK(made.load.connections == 32);
  CHECK(made.threads == 4);
  CHECK(made.load.timeout == 3s);
  CHECK(made.load.time_limit == 250ms);
  CHECK_FALSE(made.load.keep_alive);
  REQUIRE(made.objectives.size() == 2);
  CHECK(made.objectives[1].target == "a");
  CHECK(made.load.abort_on.size() == 2);
  REQUIRE(names_of(made) == arguments{"a", "h/b"});
  CHECK(made.load.targets[0].weight == 3);
  CHECK(url_of(made.load.targets[1]) == "http://h/b?x=1");
  for (const auto& each : made.load.targets) {
    CHECK(each.request.verb == http::method::post);
    CHECK(each.request.fields == fields{{"X-A", "1"}, {"X-B", "2"}});
    CHECK(each.request.body == "hello");
    CHECK(each.expected_text == "world");
  }
  CHECK(made.json_file == "j");
  CHECK(made.csv_file == "c");
  CHECK(made.html_file == "-");
  CHECK(made.uses_standard_output());
  CHECK(made.baseline_file == "b");
  CHECK(made.server_metrics.size() == 2);
  CHECK(made.metrics_port == 9100);
  CHECK(made.metrics_host == "::1");
  CHECK(made.skip_preflight);
  CHECK(made.quiet);
}

TEST_CASE("Each mode of the command line is the plan of that name") {
  const std::string mode = GENERATE("balanced", "spike", "burst", "heavy", "stress", "constant", "ramp");
  const auto made = accepted({"-m", mode, "-d", "20", "-r", "10"});
  CHECK(made.mode == mode);
  CHECK(made.load.schedule.length() == 20s);
  const auto expected = plan_of_mode(mode, request_rate::per_second(10), 20s);
  CHECK(made.load.schedule.requests() == expected.requests());
  CHECK(made.load.schedule.phases().front().name == expected.phases().front().name);
}

TEST_CASE("Help and version end the program well, whatever else is said") {
  for (const auto& given : {arguments{"-h"}, arguments{"--help"}, arguments{"-m", "nonsense", "-h"}}) {
    const auto exit = refused(given);
    CHECK(exit.status == 0);
    for (const auto* flag : {"--mode", "--duration", "--rate", "--stage", "--target", "--slo", "--deadline",
                             "--scenario", "API_KEY", "TIME_SERVICE_URL", "--json", "--baseline"}) {
      CHECK(exit.text.find(flag) != std::string::npos);
    }
  }
  const auto version = refused({"--version"});
  CHECK(version.status == 0);
  CHECK(version.text == "loadgen " COHORT_VERSION "\n");
}

TEST_CASE("The services' addresses come from flags, else from the environment, with their paths kept") {
  const environment variables{{"TIME_SERVICE_URL", "http://time-service:5001"},
                              {"SYSINFO_SERVICE_URL", "https://proxy/sys/"},
                              {"WEATHER_SERVICE_URL", "http://[::1]:5003/w"},
                              {"DASHBOARD_SERVICE_URL", ""}};
  const auto made = accepted({"--time-service-url", "http://other:1"}, variables);
  CHECK(url_of(made.load.targets[0]) == "http://other:1/api/time");
  CHECK(url_of(made.load.targets[1]) == "https://proxy/sys/api/sysinfo");
  CHECK(url_of(made.load.targets[2]) == "http://[::1]:5003/w/api/weather");
  CHECK(url_of(made.load.targets[3]) == "http://127.0.0.1:5000/api/aggregate");
  CHECK(refused({}, {{"WEATHER_SERVICE_URL", "weather"}}).text ==
        "loadgen: WEATHER_SERVICE_URL is \"weather\", but must be a URL such as http://127.0.0.1:5001 or "
        "https://wttr.in\n");
}

TEST_CASE("The key goes to every target, and is shown nowhere") {
  const environment variables{{"API_KEY", "s3cret-key"}};
  const auto made = accepted({"-H", "Accept: */*"}, variables);
  for (const auto& each : made.load.targets) {
    CHECK(each.request.fields == fields{{"Accept", "*/*"}, {"X-API-Key", "s3cret-key"}});
  }
  for (const auto& [name, value] : made.fingerprint) {
    CHECK(name.find("s3cret") == std::string::npos);
    CHECK(value.find("s3cret") == std::string::npos);
  }
  for (const auto& given : {arguments{"-m", "x"}, arguments{"-d", "0"}, arguments{"--nonsense"}, arguments{"-h"}}) {
    CHECK(refused(given, variables).text.find("s3cret") == std::string::npos);
  }
  CHECK(refused({}, {{"API_KEY", "s3cret key"}}).text ==
        "loadgen: API_KEY is something else, but must be a secret of visible ASCII characters\n");
  CHECK(accepted({}, {{"API_KEY", ""}}).load.targets[0].request.fields.empty());
}

TEST_CASE("A key that a header says goes over the one of the environment") {
  const auto made = accepted({"-H", "x-api-key: mine"}, {{"API_KEY", "theirs"}});
  CHECK(made.load.targets[0].request.fields == fields{{"x-api-key", "mine"}});
}

TEST_CASE("A key can be in a file") {
  const temporary_directory files;
  const auto path = files.write("key", "s3cret\r\nand more\n").string();
  const fields sent{{"X-API-Key", "s3cret"}};
  CHECK(accepted({}, {{"API_KEY_FILE", path}}).load.targets[0].request.fields == sent);
  CHECK(accepted({"--api-key-file", path}).load.targets[0].request.fields == sent);
  CHECK(refused({"--api-key", "x", "--api-key-file", path}).status == 104);
}

TEST_CASE("A body can be in a file, whatever bytes it has") {
  const temporary_directory files;
  const std::string bytes("\0\r\n@\xff", 5);
  const auto made = accepted({"--body", "@" + files.write("body", bytes).string(), "--method", "PUT"});
  CHECK(made.load.targets[3].request.body == bytes);
}

TEST_CASE("As fast as possible is a closed loop, with connections of its own number") {
  const auto mode = GENERATE(from_range(std::vector<arguments>{{}, {"-m", "constant"}, {"-m", "balanced"}}));
  auto given = mode;
  given.insert(given.end(), {"-r", "max", "-d", "10"});
  const auto made = accepted(given);
  CHECK(made.load.closed_loop);
  CHECK(made.load.schedule.length() == 10s);
  CHECK(made.load.schedule.requests() == 0);
  CHECK(made.load.connections == 64);
  given.insert(given.end(), {"-c", "5"});
  CHECK(accepted(given).load.connections == 5);
}

TEST_CASE("Stages are a plan of their own") {
  const auto made = accepted({"--stage", "10s:100", "--stage", "5s:20:step"});
  CHECK(made.mode == "stages");
  CHECK(made.length == 15s);
  CHECK(made.load.schedule.length() == 15s);
  CHECK(made.load.schedule.requests() == 600);
}

TEST_CASE("A search has objectives, its own where none are given, and no plan") {
  const auto own = accepted({"-m", "knee", "-r", "100"});
  CHECK(own.is_search());
  REQUIRE(own.objectives.size() == 2);
  CHECK(own.objectives[0].text == "p99<100ms");
  CHECK(own.objectives[1].text == "error_rate<1%");
  CHECK(own.load.schedule.phases().empty());
  const auto given = accepted({"-m", "knee", "--slo", "p50<1ms"});
  REQUIRE(given.objectives.size() == 1);
  CHECK(given.objectives[0].text == "p50<1ms");
  CHECK(accepted({}).objectives.empty());
}

TEST_CASE("The modes' factors reach exactly to a million requests per second") {
  CHECK(accepted({"-m", "spike", "-r", "62500"}).load.schedule.rate_at(30s) == request_rate::per_second(1'000'000));
  CHECK(accepted({"-m", "heavy", "-r", "50000"}).load.schedule.rate_at(0s) == request_rate::per_second(1'000'000));
  CHECK(accepted({"-m", "stress", "-r", "2500"}).load.schedule.rate_at(30s) == request_rate::per_second(1'000'000));
  CHECK(accepted({"-r", "1000000"}).load.schedule.rate_at(0s) == request_rate::per_second(1'000'000));
}

TEST_CASE("Flags go over the scenario, and the scenario over the defaults") {
  const temporary_directory files;
  const char* const said = R"({"mode": "ramp", "rate": 50, "duration": "30s", "arrivals": "poisson",
    "seed": 3, "connections": 8, "threads": 2, "timeout": "2s", "deadline": "1s", "keep_alive": false,
    "slo": ["p99<1s"], "targets": [{"name": "a", "url": "http://h/a", "method": "PUT", "body": "b",
    "expect_body": "ok", "headers": {"X-A": "1", "X-B": "2"}}]})";
  const auto path = files.write("s.json", said).string();
  SECTION("the scenario alone") {
    const auto made = accepted({"--scenario", path}, {{"TIME_SERVICE_URL", "http://not-this:1"}});
    CHECK(made.mode == "ramp");
    CHECK(made.rate == request_rate::per_second(50));
    CHECK(made.length == 30s);
    CHECK(made.load.spread == arrival_kind::poisson);
    CHECK(made.load.seed == 3);
    CHECK(made.load.connections == 8);
    CHECK(made.threads == 2);
    CHECK(made.load.timeout == 2s);
    CHECK(made.load.time_limit == 1s);
    CHECK_FALSE(made.load.keep_alive);
    REQUIRE(made.objectives.size() == 1);
    CHECK(made.objectives[0].text == "p99<1s");
    CHECK(names_of(made) == arguments{"a"});
    const auto& only = made.load.targets[0];
    CHECK(only.request.verb == http::method::put);
    CHECK(only.request.body == "b");
    CHECK(only.expected_text == "ok");
    CHECK(only.request.fields == fields{{"X-A", "1"}, {"X-B", "2"}});
  }
  SECTION("each flag for itself") {
    const auto made = accepted(
        {"--scenario", path,     "-m",    "constant", "-r",       "20",   "-d",     "10",        "--arrivals",
         "constant",   "--seed", "9",     "-c",       "16",       "-t",   "1",      "--timeout", "5s",
         "--deadline", "2s",     "--slo", "p50<1s",   "--method", "POST", "--body", "c",         "--expect-body",
         "fine",       "-H",     "x-b: 3"},
        {{"API_KEY", "k"}});
    CHECK(made.load.schedule.requests() == 200);
    CHECK(made.load.spread == arrival_kind::constant);
    CHECK(made.load.seed == 9);
    CHECK(made.load.connections == 16);
    CHECK(made.threads == 1);
    CHECK(made.load.timeout == 5s);
    CHECK(made.load.time_limit == 2s);
    REQUIRE(made.objectives.size() == 1);
    CHECK(made.objectives[0].text == "p50<1s");
    const auto& only = made.load.targets.at(0);
    CHECK(only.name == "a");
    CHECK(only.request.verb == http::method::post);
    CHECK(only.request.body == "c");
    CHECK(only.expected_text == "fine");
    CHECK(only.request.fields == fields{{"X-A", "1"}, {"x-b", "3"}, {"X-API-Key", "k"}});
  }
  SECTION("targets of flags have nothing of the scenario's") {
    const auto made = accepted({"--scenario", path, "--target", "b=http://g/"});
    CHECK(names_of(made) == arguments{"b"});
    CHECK(made.load.targets[0].request.verb == http::method::get);
    CHECK(made.load.targets[0].request.fields.empty());
    CHECK(made.load.targets[0].request.body.empty());
    CHECK(made.load.targets[0].expected_text.empty());
    CHECK(made.mode == "ramp");
  }
  SECTION("stages of flags are another plan than the scenario's") {
    const auto made = accepted({"--scenario", path, "--stage", "5s:10:step"});
    CHECK(made.mode == "stages");
    CHECK(made.load.schedule.requests() == 50);
  }
  SECTION("what flags and scenario say together must go together") {
    CHECK(refused({"--scenario", path, "-t", "9"}).text == "loadgen: --threads cannot be more than --connections\n");
    CHECK(refused({"--scenario", path, "--slo", "b:p99<1s"}).text == "loadgen: --slo \"b:p99<1s\" names no target\n");
  }
}

TEST_CASE("A mode of flags is another plan than the scenario's stages") {
  const temporary_directory files;
  const auto path = files.write("s.json", R"({"stages": [{"duration": "10s", "rate": 10, "shape": "step"}]})").string();
  CHECK(accepted({"--scenario", path}).load.schedule.requests() == 100);
  const auto made = accepted({"--scenario", path, "-m", "constant", "-r", "7", "-d", "10"});
  CHECK(made.mode == "constant");
  CHECK(made.load.schedule.requests() == 70);
  CHECK(accepted({"--scenario", path, "--stage", "1s:10:step"}).load.schedule.requests() == 10);
}

TEST_CASE("The same command has the same fingerprint, whatever the key, the outputs and the objectives") {
  const arguments base{"--target", "a=http://h/a", "--target", "b=http://h/b@2", "--body", "x", "--method", "POST"};
  const auto print = accepted(base).fingerprint;
  CHECK(accepted(base).fingerprint == print);
  CHECK(accepted(base, {{"API_KEY", "one"}}).fingerprint == print);
  CHECK(accepted(base, {{"API_KEY", "two"}, {"TIME_SERVICE_URL", "http://elsewhere"}}).fingerprint == print);
  auto more = base;
  more.insert(more.end(), {"--json", "x", "--csv", "y", "--slo", "p99<1s", "--quiet", "--no-preflight", "--seed", "5",
                           "--server-metrics", "http://h/metrics", "--metrics-port", "0"});
  CHECK(accepted(more).fingerprint == print);
  std::set<std::string> names;
  for (const auto& [name, value] : print) CHECK(names.insert(name).second);
  CHECK(print.front() == std::pair<std::string, std::string>{"mode", "balanced"});
}

TEST_CASE("Each thing that changes the load changes the fingerprint") {
  const arguments base{"-m", "ramp", "--target", "a=http://h/a", "--target", "b=http://h/b@2"};
  const arguments stages{"--stage",  "10s:100",      "--stage",  "10s:50",
                         "--target", "a=http://h/a", "--target", "b=http://h/b@2"};
  const arguments poisson{"-m",       "ramp",         "--arrivals", "poisson",
                          "--target", "a=http://h/a", "--target",   "b=http://h/b@2"};
  const arguments targets{"--target", "a=http://h/a", "--target", "b=http://h/b@2"};
  const auto with = [](arguments to, const arguments& more) {
    to.insert(to.end(), more.begin(), more.end());
    return to;
  };
  const std::vector<arguments> all{
      base,
      with(targets, {"-m", "stress"}),
      with(base, {"-r", "6"}),
      with(base, {"-r", "5.000001"}),
      with(base, {"-d", "61"}),
      with(targets, {"-r", "max"}),
      stages,
      with(targets, {"--stage", "10s:100", "--stage", "10s:51"}),
      with(targets, {"--stage", "10s:100", "--stage", "11s:50"}),
      with(targets, {"--stage", "10s:100", "--stage", "10s:50.01"}),
      with(targets, {"--stage", "10s:100.4", "--stage", "10s:50"}),
      with(targets, {"--stage", "10s:100.40001", "--stage", "10s:50"}),
      with(base, {"-r", "123456.123456"}),
      with(base, {"-r", "123456.123457"}),
      with(targets, {"--stage", "11s:100", "--stage", "9s:50"}),
      with(targets, {"--stage", "10s:100:step", "--stage", "10s:50"}),
      poisson,
      with(poisson, {"--seed", "2"}),
      with(base, {"-c", "255"}),
      with(base, {"-t", "2"}),
      with(base, {"--timeout", "9s"}),
      with(base, {"--deadline", "1s"}),
      with(base, {"--deadline", "2s"}),
      with(base, {"--no-keep-alive"}),
      with(base, {"--method", "PUT"}),
      with(base, {"--body", "x"}),
      with(base, {"--body", "y"}),
      with(base, {"--expect-body", "x"}),
      with(base, {"-H", "X-A: 1"}),
      with(base, {"-H", "X-A: 2"}),
      with(base, {"--target", "c=http://h/c"}),
      {"-m", "ramp", "--target", "a=http://h/a"},
      {"-m", "ramp", "--target", "a=http://h/a", "--target", "b=http://h/b@3"},
      {"-m", "ramp", "--target", "a=http://h/a", "--target", "c=http://h/b@2"},
      {"-m", "ramp", "--target", "a=http://h/a", "--target", "b=http://h/b?q@2"},
      {"-m", "ramp", "--target", "b=http://h/b@2", "--target", "a=http://h/a"},
  };
  std::set<fields> prints;
  for (const auto& each : all) {
    CAPTURE(each);
    CHECK(prints.insert(accepted(each).fingerprint).second);
  }
}

}  // namespace
}  // namespace cohort
