// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/support/temporary_directory.hpp"
#include "tests/unit/loadgen/cli/parsed_command.hpp"

namespace cohort {
namespace {

using namespace test;

struct error_case {
  argument_list arguments;
  std::string line;
};

TEST_CASE("command line: the error for an invalid value has the option, the value and the accepted values; status 104",
          "[loadgen][cli]") {
  const std::string time_format = "a time such as 90 (seconds), 250ms, 5m or 1h, ";
  const std::string target_format =
      "[name=]url[@weight] such as time=http://localhost:5001/api/time@3, with an http or https URL without user name "
      "and fragment, and a weight from 1 to 1000";
  const auto example = GENERATE_COPY(from_range(std::vector<error_case>{
      {{"-d", "0"}, "--duration is \"0\", but must be " + time_format + "from 0.1 seconds to 168h"},
      {{"-d", "-5"}, "--duration is \"-5\", but must be " + time_format + "from 0.1 seconds to 168h"},
      {{"-d", "abc"}, "--duration is \"abc\", but must be " + time_format + "from 0.1 seconds to 168h"},
      {{"-d", "169h"}, "--duration is \"169h\", but must be " + time_format + "from 0.1 seconds to 168h"},
      {{"-r", "0"},
       "--rate is \"0\", but must be requests per second from 0.001 to 1000000, or max (closed "
       "loop)"},
      {{"-r", "1000001"},
       "--rate is \"1000001\", but must be requests per second from 0.001 to 1000000, or max (closed "
       "loop)"},
      {{"--stage", "30s"},
       "--stage is \"30s\", but must be a time and a rate such as 30s:200 (linear ramp to the rate) or "
       "30s:200:step (constant rate)"},
      {{"--stage", "30s:0"}, "--stage: all rates are zero; at least one must be positive"},
      {{"--stage", "1s:1", "-r", "5"}, "--stage cannot be combined with --mode, --rate or --duration"},
      {{"--stage", "1s:1", "-m", "ramp"}, "--stage cannot be combined with --mode, --rate or --duration"},
      {{"--stage", "1s:1", "-d", "5"}, "--stage cannot be combined with --mode, --rate or --duration"},
      {{"--arrivals", "random"}, "--arrivals is \"random\", but must be one of constant, poisson"},
      {{"--seed", "-1"}, "--seed is \"-1\", but must be an integer from 0 to 9223372036854775807"},
      {{"-c", "0"}, "--connections is \"0\", but must be an integer from 1 to 100000"},
      {{"-c", "100001"}, "--connections is \"100001\", but must be an integer from 1 to 100000"},
      {{"-t", "65"}, "--threads is \"65\", but must be an integer from 1 to 64"},
      {{"-t", "4", "-c", "3"}, "--threads must be at most --connections"},
      {{"--timeout", "0"}, "--timeout is \"0\", but must be " + time_format + "from 1ms to 1h"},
      {{"--deadline", "2h"}, "--deadline is \"2h\", but must be " + time_format + "from 1ms to 1h"},
      {{"--target", "localhost"}, "--target is \"localhost\", but must be " + target_format},
      {{"--target", "http://h/@0"}, "--target is \"http://h/@0\", but must be " + target_format},
      {{"--target", "http://u:p@h/"}, "--target is \"http://***@h/\", but must be " + target_format},
      {{"--target", "a=http://h/", "--target", "a=http://g/"}, "two targets have the name \"a\"; names must be unique"},
      {{"--target", "http://h/", "--target", "http://h/"}, "two targets have the name \"h/\"; names must be unique"},
      {{"--method", "get"}, "--method is \"get\", but must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
      {{"-H", "Host: a b"},
       "--header is \"Host: a b\", but must be a header field such as \"Accept: text/html\" or \"Host: "
       "shop.example:8080\"; Content-Length and Transfer-Encoding are set by loadgen"},
      {{"-H", "Authorization: Bearer abc\x01"},
       "--header is \"Authorization: ***\", but must be a header field such as \"Accept: text/html\" or \"Host: "
       "shop.example:8080\"; Content-Length and Transfer-Encoding are set by loadgen"},
      {{"-H", "A: b\r\nC: d"},
       "--header is \"A: b??C: d\", but must be a header field such as \"Accept: text/html\" or \"Host: "
       "shop.example:8080\"; Content-Length and Transfer-Encoding are set by loadgen"},
      {{"--body", "@/no/such/file"}, "--body: \"/no/such/file\" cannot be read: No such file or directory"},
      {{"--body", "@/"}, "--body: \"/\" cannot be read: Is a directory"},
      {{"--scenario", "/no/such/file"}, "--scenario: \"/no/such/file\" cannot be read: No such file or directory"},
      {{"--scenario", "/no/such\nfile\x1b[1m"},
       "--scenario: \"/no/such?file?[1m\" cannot be read: No such file or directory"},
      {{"--slo", "goodput>99%"}, "--slo \"goodput>99%\": goodput needs a --deadline or --patience"},
      {{"--patience", "0"}, "--patience is \"0\", but must be " + time_format + "from 1ms to 1h"},
      {{"--patience", "11s"}, "--patience must be at most --timeout, which limits a request with all of its attempts"},
      {{"--patience", "1s", "-r", "max"},
       "--patience cannot be combined with --rate max; it needs a rate in requests per second"},
      {{"--retries", "1", "-r", "max"},
       "--retries cannot be combined with --rate max; it needs a rate in requests per second"},
      {{"--retries", "-1"}, "--retries is \"-1\", but must be an integer from 0 to 100"},
      {{"--retries", "101"}, "--retries is \"101\", but must be an integer from 0 to 100"},
      {{"--retry-backoff", "2m", "--retries", "1"},
       "--retry-backoff is \"2m\", but must be " + time_format + "from 0 to 1m"},
      {{"--retry-backoff", "10ms"}, "--retry-backoff needs --retries"},
      {{"--slo", "nobody:p99<1s"}, "--slo \"nobody:p99<1s\": there is no target \"nobody\""},
      {{"--abort-on-fail"}, "--abort-on-fail needs at least one --slo"},
      {{"-r", "max", "-m", "spike"},
       "--rate max cannot be combined with --mode \"spike\"; accepted: constant, balanced"},
      {{"-r", "max", "-m", "knee"}, "--rate max cannot be combined with --mode \"knee\"; accepted: constant, balanced"},
      {{"-r", "62501", "-m", "spike"},
       "--mode \"spike\" multiplies --rate by 16; the result must be at most 1000000 requests per second"},
      {{"-r", "50001", "-m", "heavy"},
       "--mode \"heavy\" multiplies --rate by 20; the result must be at most 1000000 requests per second"},
      {{"-r", "2501", "-m", "stress"},
       "--mode \"stress\" multiplies --rate by 400; the result must be at most 1000000 requests per second"},
      {{"--metrics-port", "65536"},
       "--metrics-port is \"65536\", but must be a port from 0 to 65535 (0: the system chooses)"},
      {{"--metrics-host", "localhost"},
       "--metrics-host is \"localhost\", but must be an IP address such as 127.0.0.1, 0.0.0.0 or ::"},
      {{"--server-metrics", "h/metrics"},
       "--server-metrics is \"h/metrics\", but must be an http or https URL such as http://localhost:5001/api/time, "
       "without user name and fragment"},
      {{"--api-key", "two words"},
       "--api-key is an invalid value (not shown), but must be a secret of visible ASCII characters, without spaces"},
      {{"--json", "a", "--csv", "a"}, "two outputs have the same file \"a\""},
      {{"--html", "-", "--csv", "-"}, "two outputs have the same file \"-\""},
  }));
  CAPTURE(example.arguments);
  const auto exit = parse_exit(example.arguments);
  CHECK(exit.status == 104);
  CHECK(exit.text == "loadgen: " + example.line + "\n");
}

TEST_CASE("command line: the error for an invalid objective is one line with its value", "[loadgen][cli]") {
  const std::string text = GENERATE("", "p99", "p99<", "p99<200", "p101<1s", "speed<1s", "p99<1s\nx", "error_rate<0%");
  const auto exit = parse_exit({"--slo", text});
  CHECK(exit.status == 104);
  CHECK(exit.text.starts_with("loadgen: --slo: \""));
  CHECK(exit.text.find('\n') == exit.text.size() - 1);
}

TEST_CASE("command line: weights whose period is longer than 10000 are rejected", "[loadgen][cli]") {
  const auto with_weights = [](const std::vector<std::string>& weights) {
    argument_list arguments;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      arguments.insert(arguments.end(), {"--target", "t" + std::to_string(i) + "=http://h/@" + weights[i]});
    }
    return arguments;
  };
  std::vector<std::string> weights(10, "1000");
  CHECK(parse_valid(with_weights(weights)).load.targets.size() == 10);
  weights.push_back("1000");
  CHECK(parse_valid(with_weights(weights)).load.targets.size() == 11);
  weights.back() = "1";
  CHECK(parse_exit(with_weights(weights)).text ==
        "loadgen: the sum of the targets' weights, divided by their greatest common divisor, is 10001; it must be at "
        "most 10000\n");
}

TEST_CASE("command line: for an unknown mode, flag or argument, the usage text precedes the error", "[loadgen][cli]") {
  const auto example = GENERATE(from_range(std::vector<error_case>{
      {{"-m", "nonsense"},
       "loadgen: --mode is \"nonsense\", but must be one of balanced, spike, burst, heavy, stress, constant, ramp, knee"},
      {{"-m", ""},
       "loadgen: --mode is \"\", but must be one of balanced, spike, burst, heavy, stress, constant, ramp, knee"},
      {{"-m", "stages"},
       "loadgen: --mode is \"stages\", but must be one of balanced, spike, burst, heavy, stress, constant, ramp, knee"},
      {{"--nonsense"}, "loadgen: unknown option \"--nonsense\" (see --help)"},
      {{"-x"}, "loadgen: unknown option \"-x\" (see --help)"},
      {{"--api_key=s3cret"}, "loadgen: unknown option \"--api_key\" (see --help)"},
      {{"http://h/"}, "loadgen: unexpected positional argument, not shown because it can be a secret (see --help)"},
  }));
  CAPTURE(example.arguments);
  const auto exit = parse_exit(example.arguments);
  CHECK(exit.status == 104);
  CHECK(exit.text.starts_with("Usage: loadgen [-m MODE] [-d SECONDS] [-r RATE]"));
  CHECK(exit.text.ends_with("\n" + example.line + "\n"));
}

TEST_CASE("command line: the error for a missing or repeated value is one line without the values of secrets",
          "[loadgen][cli]") {
  const auto arguments =
      GENERATE(from_range(std::vector<argument_list>{{"-d"},
                                                     {"--slo"},
                                                     {"-m", "spike", "-m", "burst"},
                                                     {"-r", "1", "--rate", "2"},
                                                     {"--api-key", "s3cret", "--api-key", "s3cret"}}));
  CAPTURE(arguments);
  const auto exit = parse_exit(arguments);
  CHECK(exit.status == 104);
  CHECK(exit.text.starts_with("loadgen: "));
  CHECK(exit.text.find('\n') == exit.text.size() - 1);
  CHECK(exit.text.find("s3cret") == std::string::npos);
}

TEST_CASE("command line: the error for a scenario file is one line with its path", "[loadgen][cli]") {
  const temporary_directory files;
  const auto path = files.write("s.json", R"({"rate": 0})").string();
  const auto exit = parse_exit({"--scenario", path});
  CHECK(exit.status == 104);
  CHECK(exit.text == "loadgen: --scenario: " + path +
                         ": rate is 0, but must be requests per second from 0.001 to 1000000, or "
                         "max (closed loop)\n");
}

TEST_CASE("command line: stages of a scenario cannot be combined with a mode, a rate or a duration", "[loadgen][cli]") {
  const temporary_directory files;
  const std::string other_key = GENERATE(R"("mode": "ramp")", R"("rate": 5)", R"("duration": 5)");
  const auto path =
      files.write("s.json", R"({"stages": [{"duration": "10s", "rate": 10}], )" + other_key + "}").string();
  CHECK(parse_exit({"--scenario", path}).text ==
        "loadgen: --stage cannot be combined with --mode, --rate or --duration\n");
}

}  // namespace
}  // namespace cohort
