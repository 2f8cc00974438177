// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "loadgen/options/read_file.hpp"
#include "loadgen/options/scenario.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

class scenario_file {
 public:
  explicit scenario_file(std::string_view content) : path(files_.write("scenario.json", content).string()) {}

  run_options options() const {
    auto scenario = read_scenario(path);
    if (!scenario) FAIL(scenario.error());
    return std::move(*scenario);
  }
  /// Returns the error message without the path at its start.
  std::string error() const {
    const auto scenario = read_scenario(path);
    REQUIRE_FALSE(scenario.has_value());
    REQUIRE(scenario.error().starts_with(path));
    return scenario.error().substr(path.size());
  }

 private:
  test::temporary_directory files_;

 public:
  std::string path;
};

TEST_CASE("scenario: every key sets its option", "[loadgen][options]") {
  const test::temporary_directory files;
  const auto body = files.write("body", "from a file").string();
  const auto options = scenario_file{R"({
    "mode": "spike", "rate": 12.5, "duration": "2m", "arrivals": "poisson", "seed": 18446744073, "connections": 32,
    "threads": 4, "timeout": "250ms", "deadline": 0.1, "keep_alive": false,
    "slo": ["p99<200ms", "a:error_rate<1%"],
    "stages": [{"duration": "30s", "rate": 200}, {"duration": 10, "rate": "50", "shape": "step"},
               {"duration": "10ms", "rate": 0, "shape": "linear"}],
    "targets": [
      {"name": "a", "url": "http://h/a?x=1&y=2@3", "weight": 5, "method": "POST", "body": "hello\n",
       "headers": {"X-A": "1", "X-Number": 5, "X-Flag": true, "X-Empty": ""}, "expect_body": "wor\"ld"},
      {"url": "https://[::1]:8443/b", "body_file": ")" +
                                     body + R"("}]
  })"}
                           .options();
  CHECK(options.mode == "spike");
  CHECK(options.rate->rate.millionths == 12'500'000);
  CHECK(options.length == 2min);
  CHECK(options.arrivals == "poisson");
  CHECK(options.seed == 18446744073);
  CHECK(options.connections == 32);
  CHECK(options.threads == 4);
  CHECK(options.timeout == 250ms);
  CHECK(options.deadline == 100ms);
  CHECK(options.keep_alive == false);
  CHECK(options.objectives == std::vector<std::string>{"p99<200ms", "a:error_rate<1%"});
  REQUIRE(options.stages.size() == 3);
  CHECK(options.stages[0].length == 30s);
  CHECK(options.stages[0].rate == request_rate::per_second(200));
  CHECK_FALSE(options.stages[0].is_step);
  CHECK(options.stages[1].length == 10s);
  CHECK(options.stages[1].rate == request_rate::per_second(50));
  CHECK(options.stages[1].is_step);
  CHECK(options.stages[2].length == 10ms);
  CHECK(options.stages[2].rate == request_rate{});
  CHECK_FALSE(options.stages[2].is_step);
  REQUIRE(options.targets.size() == 2);
  const auto& first = options.targets[0];
  CHECK(first.location.name == "a");
  CHECK(std::string{first.location.url.buffer()} == "http://h/a?x=1&y=2@3");
  CHECK(first.location.weight == 5);
  CHECK(first.method == http::method::post);
  CHECK(first.body == "hello\n");
  CHECK(first.expected_body == "wor\"ld");
  CHECK(first.fields == std::vector<std::pair<std::string, std::string>>{
                            {"X-A", "1"}, {"X-Number", "5"}, {"X-Flag", "true"}, {"X-Empty", ""}});
  const auto& second = options.targets[1];
  CHECK(second.location.name == "[::1]:8443/b");
  CHECK(second.location.weight == 1);
  CHECK(second.method == http::method::get);
  CHECK(second.body == "from a file");
  CHECK(second.fields.empty());
}

TEST_CASE("scenario: an empty object sets no option", "[loadgen][options]") {
  const auto options = scenario_file{"{}"}.options();
  CHECK_FALSE(options.mode);
  CHECK_FALSE(options.rate);
  CHECK_FALSE(options.length);
  CHECK_FALSE(options.arrivals);
  CHECK_FALSE(options.seed);
  CHECK_FALSE(options.connections);
  CHECK_FALSE(options.threads);
  CHECK_FALSE(options.timeout);
  CHECK_FALSE(options.deadline);
  CHECK_FALSE(options.keep_alive);
  CHECK(options.stages.empty());
  CHECK(options.targets.empty());
  CHECK(options.objectives.empty());
}

TEST_CASE("scenario: the order of a target's keys does not matter", "[loadgen][options]") {
  const auto options =
      scenario_file{R"({"targets": [{"weight": 7, "name": "n", "url": "http://h/"}, {"url": "http://h/x", "name": "m",
                        "weight": 2}]})"}
          .options();
  REQUIRE(options.targets.size() == 2);
  CHECK(options.targets[0].location.weight == 7);
  CHECK(options.targets[0].location.name == "n");
  CHECK(options.targets[1].location.weight == 2);
  CHECK(options.targets[1].location.name == "m");
}

TEST_CASE("scenario: the rate `max` selects a closed loop", "[loadgen][options]") {
  CHECK(scenario_file{R"({"rate": "max"})"}.options().rate->is_closed_loop);
}

TEST_CASE("scenario: an error names the key, the value and the accepted values", "[loadgen][options]") {
  struct error_case {
    std::string content;
    std::string error;
  };
  const std::string rates = "requests per second from 0.001 to 1000000, or max (closed loop)";
  const std::string time_format = "a time such as 90 (seconds), 250ms, 5m or 1h, ";
  const std::string accepted_modes = "one of balanced, spike, burst, heavy, stress, constant, ramp, knee";
  const std::string header_format =
      "a header field such as \"Accept: text/html\" or \"Host: shop.example:8080\"; Content-Length and "
      "Transfer-Encoding are set by loadgen";
  const auto example = GENERATE_COPY(from_range(std::vector<error_case>{
      {"[]", " must be an object"},
      {"5", " must be an object"},
      {"null", " must be an object"},
      {"\"text\"", " must be an object"},
      {R"({"speed": 5})", " has an unknown key \"speed\""},
      {R"({"": 5})", " has an unknown key \"\""},
      {R"({"Rate": 5})", " has an unknown key \"Rate\""},
      {R"({"a\nb\u001b[1m": 5})", " has an unknown key \"a?b?[1m\""},
      {R"({"mode": "nonsense"})", ": mode is \"nonsense\", but must be " + accepted_modes},
      {R"({"mode": 5})", ": mode is 5, but must be " + accepted_modes},
      {R"({"mode": null})", ": mode is null, but must be " + accepted_modes},
      {R"({"mode": ["ramp"]})", ": mode is [\"ramp\"], but must be " + accepted_modes},
      {R"({"rate": -5})", ": rate is -5, but must be " + rates},
      {R"({"rate": true})", ": rate is true, but must be " + rates},
      {R"({"rate": {"a": [1, 2]}})", ": rate is {\"a\":[1,2]}, but must be " + rates},
      {R"({"rate": "5/s\n"})", ": rate is \"5/s\\n\", but must be " + rates},
      {R"({"duration": 0})", ": duration is 0, but must be " + time_format + "from 0.1 seconds to 168h"},
      {R"({"duration": "1d"})", ": duration is \"1d\", but must be " + time_format + "from 0.1 seconds to 168h"},
      {R"({"arrivals": "often"})", ": arrivals is \"often\", but must be one of constant, poisson"},
      {R"({"seed": 1.5})", ": seed is 1.5, but must be an integer from 0 to 9223372036854775807"},
      {R"({"seed": 18446744073709551615})",
       ": seed is 18446744073709551615, but must be an integer from 0 to 9223372036854775807"},
      {R"({"connections": 0})", ": connections is 0, but must be an integer from 1 to 100000"},
      {R"({"threads": 65})", ": threads is 65, but must be an integer from 1 to 64"},
      {R"({"timeout": "0"})", ": timeout is \"0\", but must be " + time_format + "from 1ms to 1h"},
      {R"({"deadline": "61m"})", ": deadline is \"61m\", but must be " + time_format + "from 1ms to 1h"},
      {R"({"keep_alive": 1})", ": keep_alive is 1, but must be one of true, false"},
      {R"({"slo": "p99<1s"})", ": slo must be an array"},
      {R"({"slo": [5]})", ": slo must be an array of strings"},
      {R"({"stages": {}})", ": stages must be an array"},
      {R"({"stages": [5]})", ": stages number 1 must be an object"},
      {R"({"stages": [{"duration": 5, "rate": 5}, {"duration": 5}]})", ": stages number 2 needs a duration and a rate"},
      {R"({"stages": [{"rate": 5}]})", ": stages number 1 needs a duration and a rate"},
      {R"({"stages": [{"duration": 5, "rate": "max"}]})",
       ": stages number 1: rate is \"max\", but must be requests per second from 0 to 1000000"},
      {R"({"stages": [{"duration": "9ms", "rate": 5}]})",
       ": stages number 1: duration is \"9ms\", but must be " + time_format + "from 10ms to 168h"},
      {R"({"stages": [{"duration": 5, "rate": 5, "shape": "curve"}]})",
       ": stages number 1: shape is \"curve\", but must be one of linear, step"},
      {R"({"stages": [{"duration": 5, "rate": 5, "x": 1}]})", ": stages number 1 has an unknown key \"x\""},
      {R"({"targets": "http://h/"})", ": targets must be an array"},
      {R"({"targets": ["http://h/"]})", ": targets number 1 must be an object"},
      {R"({"targets": [{}]})", ": targets number 1 needs a url"},
      {R"({"targets": [{"url": "http://h/"}, {"name": "a"}]})", ": targets number 2 needs a url"},
      {R"({"targets": [{"url": "h/a"}]})",
       ": targets number 1: url is \"h/a\", but must be an http or https URL such as http://localhost:5001/api/time, without user name "
       "and fragment"},
      {R"({"targets": [{"url": "a=http://h/"}]})",
       ": targets number 1: url is \"a=http://h/\", but must be an http or https URL such as http://localhost:5001/api/time, without user name "
       "and fragment"},
      {R"({"targets": [{"url": "http://h/", "name": "a b"}]})",
       ": targets number 1: name is \"a b\", but must be a name of 1 to 64 visible ASCII characters without quotes, "
       "backslashes and commas"},
      {R"({"targets": [{"url": "http://h/", "weight": 0}]})",
       ": targets number 1: weight is 0, but must be an integer from 1 to 1000"},
      {R"({"targets": [{"url": "http://h/", "weight": 1001}]})",
       ": targets number 1: weight is 1001, but must be an integer from 1 to 1000"},
      {R"({"targets": [{"url": "http://h/", "method": "TRACE"}]})",
       ": targets number 1: method is \"TRACE\", but must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
      {R"({"targets": [{"url": "http://h/", "body": {"a": 1}}]})",
       ": targets number 1: body is {\"a\":1}, but must be any string"},
      {R"({"targets": [{"url": "http://h/", "body_file": "/no/such"}]})",
       ": targets number 1: \"/no/such\" cannot be read: No such file or directory"},
      {R"({"targets": [{"url": "http://h/", "body_file": "/no\nsuch"}]})",
       ": targets number 1: \"/no?such\" cannot be read: No such file or directory"},
      {R"({"targets": [{"url": "http://h/", "headers": []}]})", ": targets number 1: headers must be an object"},
      {R"({"targets": [{"url": "http://h/", "headers": {"Host": "a b"}}]})",
       ": targets number 1: headers must be " + header_format},
      {R"({"targets": [{"url": "http://h/", "headers": {"A": "s3cret\r\nEvil: b"}}]})",
       ": targets number 1: headers must be " + header_format},
      {R"({"targets": [{"url": "http://h/", "headers": {"A\r\nEvil": "b"}}]})",
       ": targets number 1: headers must be " + header_format},
      {R"({"targets": [{"url": "http://h/", "headers": {"A": ["b"]}}]})",
       ": targets number 1: headers must be " + header_format},
      {"{", " is not JSON"},
      {"{}{}", " is not JSON"},
      {"{\"rate\": 5,}", " is not JSON"},
      {"{'rate': 5}", " is not JSON"},
      {"{\"rate\": NaN}", " is not JSON"},
      {"// a comment\n{}", " is not JSON"},
      {"rate: 5", " is not JSON"},
      {" \n", " is not JSON"},
      {"{\"mode\": \"\xff\"}", " is not JSON"},
      {std::string("{}\0", 3), " is not JSON"},
  }));
  CAPTURE(example.content);
  CHECK(scenario_file{example.content}.error() == example.error);
}

TEST_CASE("scenario: an error message shows at most 80 characters of a value", "[loadgen][options]") {
  const auto error = scenario_file{R"({"mode": ")" + std::string(100'000, 'x') + "\"}"}.error();
  CHECK(error.size() < 300);
}

TEST_CASE("scenario: deep nesting is rejected, and long arrays are accepted", "[loadgen][options]") {
  const std::size_t depth = GENERATE(2'000, 1'000'000);
  CHECK(scenario_file{R"({"targets": )" + std::string(depth, '[') + std::string(depth, ']') + "}"}.error() ==
        " is not JSON");
  std::string stages = R"({"stages": [)";
  for (std::size_t i = 0; i < 10'000; ++i) stages += R"({"duration": 1, "rate": 1},)";
  stages.back() = ']';
  CHECK(scenario_file{stages + "}"}.options().stages.size() == 10'000);
}

TEST_CASE("scenario: a file that cannot be read is an error with the system's reason", "[loadgen][options]") {
  const test::temporary_directory files;
  struct error_case {
    std::string path;
    std::string reason;
  };
  for (const auto& example :
       {error_case{files.path() / "none", "No such file or directory"}, error_case{files.path(), "Is a directory"},
        error_case{files.write("empty", ""), "the file is empty"},
        error_case{files.write("file", "{}") / "below", "Not a directory"}}) {
    const auto scenario = read_scenario(example.path);
    REQUIRE_FALSE(scenario.has_value());
    CHECK(scenario.error() == '"' + example.path + "\" cannot be read: " + example.reason);
  }
}

TEST_CASE("read_file: the complete content is returned, for arbitrary bytes", "[loadgen][options]") {
  const test::temporary_directory files;
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  const auto content = read_file(files.write("bytes", bytes));
  REQUIRE(content.has_value());
  CHECK((*content == bytes));
}

}  // namespace
}  // namespace cohort
