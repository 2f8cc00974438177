#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "loadgen/wishes.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using namespace loadgen;

class scenario_file {
 public:
  explicit scenario_file(std::string_view content) : path(files_.write("scenario.json", content).string()) {}

  wishes accepted() const {
    auto read = read_scenario(path);
    if (!read) FAIL(read.error());
    return std::move(*read);
  }
  /// Without the file's name, which stands first.
  std::string refused() const {
    const auto read = read_scenario(path);
    REQUIRE_FALSE(read.has_value());
    REQUIRE(read.error().starts_with(path));
    return read.error().substr(path.size());
  }

 private:
  test::temporary_directory files_;

 public:
  std::string path;
};

TEST_CASE("A scenario may say all that there is to say") {
  const test::temporary_directory files;
  const auto body = files.write("body", "from a file").string();
  const auto said = scenario_file{R"({
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
                        .accepted();
  CHECK(said.mode == "spike");
  CHECK(said.rate->rate.millionths == 12'500'000);
  CHECK(said.length == 2min);
  CHECK(said.arrivals == "poisson");
  CHECK(said.seed == 18446744073);
  CHECK(said.connections == 32);
  CHECK(said.threads == 4);
  CHECK(said.timeout == 250ms);
  CHECK(said.time_limit == 100ms);
  CHECK(said.keep_alive == false);
  CHECK(said.objectives == std::vector<std::string>{"p99<200ms", "a:error_rate<1%"});
  REQUIRE(said.stages.size() == 3);
  CHECK(said.stages[0].length == 30s);
  CHECK(said.stages[0].rate == request_rate::per_second(200));
  CHECK_FALSE(said.stages[0].is_step);
  CHECK(said.stages[1].length == 10s);
  CHECK(said.stages[1].rate == request_rate::per_second(50));
  CHECK(said.stages[1].is_step);
  CHECK(said.stages[2].length == 10ms);
  CHECK(said.stages[2].rate == request_rate{});
  CHECK_FALSE(said.stages[2].is_step);
  REQUIRE(said.targets.size() == 2);
  const auto& first = said.targets[0];
  CHECK(first.where.name == "a");
  CHECK(std::string{first.where.url.buffer()} == "http://h/a?x=1&y=2@3");
  CHECK(first.where.weight == 5);
  CHECK(first.verb == http::method::post);
  CHECK(first.body == "hello\n");
  CHECK(first.expected_text == "wor\"ld");
  CHECK(first.fields == std::vector<std::pair<std::string, std::string>>{
                            {"X-A", "1"}, {"X-Number", "5"}, {"X-Flag", "true"}, {"X-Empty", ""}});
  const auto& second = said.targets[1];
  CHECK(second.where.name == "[::1]:8443/b");
  CHECK(second.where.weight == 1);
  CHECK(second.verb == http::method::get);
  CHECK(second.body == "from a file");
  CHECK(second.fields.empty());
}

TEST_CASE("A scenario need not say anything") {
  const auto said = scenario_file{"{}"}.accepted();
  CHECK_FALSE(said.mode);
  CHECK_FALSE(said.rate);
  CHECK_FALSE(said.length);
  CHECK_FALSE(said.arrivals);
  CHECK_FALSE(said.seed);
  CHECK_FALSE(said.connections);
  CHECK_FALSE(said.threads);
  CHECK_FALSE(said.timeout);
  CHECK_FALSE(said.time_limit);
  CHECK_FALSE(said.keep_alive);
  CHECK(said.stages.empty());
  CHECK(said.targets.empty());
  CHECK(said.objectives.empty());
}

TEST_CASE("The order of a target's keys does not matter") {
  const auto said =
      scenario_file{R"({"targets": [{"weight": 7, "name": "n", "url": "http://h/"}, {"url": "http://h/x", "name": "m",
                        "weight": 2}]})"}
          .accepted();
  REQUIRE(said.targets.size() == 2);
  CHECK(said.targets[0].where.weight == 7);
  CHECK(said.targets[0].where.name == "n");
  CHECK(said.targets[1].where.weight == 2);
  CHECK(said.targets[1].where.name == "m");
}

TEST_CASE("As fast as possible is a rate here, too") {
  CHECK(scenario_file{R"({"rate": "max"})"}.accepted().rate->as_fast_as_possible);
}

TEST_CASE("What is wrong with a scenario is a sentence that says where, what it is and what it may be") {
  struct row {
    std::string content;
    std::string wrong;
  };
  const std::string rates = "requests per second, 0.001 to 1000000, or max (as fast as the connections allow)";
  const std::string spans = "a time such as 90 (seconds), 250ms, 5m or 1h, ";
  const std::string modes = "one of balanced, spike, burst, heavy, stress, constant, ramp, knee";
  const std::string header_form =
      "a header line such as \"Accept: text/html\"; Host, Content-Length and Transfer-Encoding are set by loadgen";
  const auto of = GENERATE_COPY(from_range(std::vector<row>{
      {"[]", " must be an object"},
      {"5", " must be an object"},
      {"null", " must be an object"},
      {"\"text\"", " must be an object"},
      {R"({"speed": 5})", " has an unknown key \"speed\""},
      {R"({"": 5})", " has an unknown key \"\""},
      {R"({"Rate": 5})", " has an unknown key \"Rate\""},
      {R"({"a\nb\u001b[1m": 5})", " has an unknown key \"a?b?[1m\""},
      {R"({"mode": "nonsense"})", ": mode is \"nonsense\", but must be " + modes},
      {R"({"mode": 5})", ": mode is 5, but must be " + modes},
      {R"({"mode": null})", ": mode is null, but must be " + modes},
      {R"({"mode": ["ramp"]})", ": mode is [\"ramp\"], but must be " + modes},
      {R"({"rate": -5})", ": rate is -5, but must be " + rates},
      {R"({"rate": true})", ": rate is true, but must be " + rates},
      {R"({"rate": {"a": [1, 2]}})", ": rate is {\"a\":[1,2]}, but must be " + rates},
      {R"({"rate": "5/s\n"})", ": rate is \"5/s\\n\", but must be " + rates},
      {R"({"duration": 0})", ": duration is 0, but must be " + spans + "from 0.1 seconds to 168h"},
      {R"({"duration": "1d"})", ": duration is \"1d\", but must be " + spans + "from 0.1 seconds to 168h"},
      {R"({"arrivals": "often"})", ": arrivals is \"often\", but must be one of constant, poisson"},
      {R"({"seed": 1.5})", ": seed is 1.5, but must be a whole number from 0 to 9223372036854775807"},
      {R"({"seed": 18446744073709551615})",
       ": seed is 18446744073709551615, but must be a whole number from 0 to 9223372036854775807"},
      {R"({"connections": 0})", ": connections is 0, but must be a whole number from 1 to 100000"},
      {R"({"threads": 65})", ": threads is 65, but must be a whole number from 1 to 64"},
      {R"({"timeout": "0"})", ": timeout is \"0\", but must be " + spans + "from 1ms to 1h"},
      {R"({"deadline": "61m"})", ": deadline is \"61m\", but must be " + spans + "from 1ms to 1h"},
      {R"({"keep_alive": 1})", ": keep_alive is 1, but must be one of true, false"},
      {R"({"slo": "p99<1s"})", ": slo must be an array"},
      {R"({"slo": [5]})", ": slo must be an array of texts"},
      {R"({"stages": {}})", ": stages must be an array"},
      {R"({"stages": [5]})", ": stages number 1 must be an object"},
      {R"({"stages": [{"duration": 5, "rate": 5}, {"duration": 5}]})", ": stages number 2 needs a duration and a rate"},
      {R"({"stages": [{"rate": 5}]})", ": stages number 1 needs a duration and a rate"},
      {R"({"stages": [{"duration": 5, "rate": "max"}]})",
       ": stages number 1: rate is \"max\", but must be requests per second, 0 to 1000000"},
      {R"({"stages": [{"duration": "9ms", "rate": 5}]})",
       ": stages number 1: duration is \"9ms\", but must be " + spans + "from 10ms to 168h"},
      {R"({"stages": [{"duration": 5, "rate": 5, "shape": "curve"}]})",
       ": stages number 1: shape is \"curve\", but must be one of linear, step"},
      {R"({"stages": [{"duration": 5, "rate": 5, "x": 1}]})", ": stages number 1 has an unknown key \"x\""},
      {R"({"targets": "http://h/"})", ": targets must be an array"},
      {R"({"targets": ["http://h/"]})", ": targets number 1 must be an object"},
      {R"({"targets": [{}]})", ": targets number 1 needs a url"},
      {R"({"targets": [{"url": "http://h/"}, {"name": "a"}]})", ": targets number 2 needs a url"},
      {R"({"targets": [{"url": "h/a"}]})",
       ": targets number 1: url is \"h/a\", but must be a URL such as http://localhost:5001/api/time"},
      {R"({"targets": [{"url": "a=http://h/"}]})",
       ": targets number 1: url is \"a=http://h/\", but must be a URL such as http://localhost:5001/api/time"},
      {R"({"targets": [{"url": "http://h/", "name": "a b"}]})",
       ": targets number 1: name is \"a b\", but must be a name of 1 to 64 visible ASCII characters without quotes and "
       "commas"},
      {R"({"targets": [{"url": "http://h/", "weight": 0}]})",
       ": targets number 1: weight is 0, but must be a whole number from 1 to 1000"},
      {R"({"targets": [{"url": "http://h/", "weight": 1001}]})",
       ": targets number 1: weight is 1001, but must be a whole number from 1 to 1000"},
      {R"({"targets": [{"url": "http://h/", "method": "TRACE"}]})",
       ": targets number 1: method is \"TRACE\", but must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"},
      {R"({"targets": [{"url": "http://h/", "body": {"a": 1}}]})",
       ": targets number 1: body is {\"a\":1}, but must be any text"},
      {R"({"targets": [{"url": "http://h/", "body_file": "/no/such"}]})",
       ": targets number 1: \"/no/such\" cannot be read: No such file or directory"},
      {R"({"targets": [{"url": "http://h/", "headers": []}]})", ": targets number 1: headers must be an object"},
      {R"({"targets": [{"url": "http://h/", "headers": {"Host": "x"}}]})",
       ": targets number 1: headers must be " + header_form},
      {R"({"targets": [{"url": "http://h/", "headers": {"A": "s3cret\r\nEvil: b"}}]})",
       ": targets number 1: headers must be " + header_form},
      {R"({"targets": [{"url": "http://h/", "headers": {"A\r\nEvil": "b"}}]})",
       ": targets number 1: headers must be " + header_form},
      {R"({"targets": [{"url": "http://h/", "headers": {"A": ["b"]}}]})",
       ": targets number 1: headers must be " + header_form},
      {"{", " is no JSON"},
      {"{}{}", " is no JSON"},
      {"{\"rate\": 5,}", " is no JSON"},
      {"{'rate': 5}", " is no JSON"},
      {"{\"rate\": NaN}", " is no JSON"},
      {"// a comment\n{}", " is no JSON"},
      {"rate: 5", " is no JSON"},
      {" \n", " is no JSON"},
      {"{\"mode\": \"\xff\"}", " is no JSON"},
      {std::string("{}\0", 3), " is no JSON"},
  }));
  CAPTURE(of.content);
  CHECK(scenario_file{of.content}.refused() == of.wrong);
}

TEST_CASE("What is shown of a value has an end") {
  const auto wrong = scenario_file{R"({"mode": ")" + std::string(100'000, 'x') + "\"}"}.refused();
  CHECK(wrong.size() < 300);
}

TEST_CASE("A scenario as deep or as long as anyone likes is refused or read, and nothing else") {
  const std::size_t depth = GENERATE(2'000, 1'000'000);
  CHECK(scenario_file{R"({"targets": )" + std::string(depth, '[') + std::string(depth, ']') + "}"}.refused() ==
        " is no JSON");
  std::string many = R"({"stages": [)";
  for (std::size_t i = 0; i < 10'000; ++i) many += R"({"duration": 1, "rate": 1},)";
  many.back() = ']';
  CHECK(scenario_file{many + "}"}.accepted().stages.size() == 10'000);
}

TEST_CASE("A scenario that cannot be read is told with the system's reason") {
  const test::temporary_directory files;
  struct row {
    std::string path;
    std::string why;
  };
  for (const auto& each :
       {row{files.path() / "none", "No such file or directory"}, row{files.path(), "Is a directory"},
        row{files.write("empty", ""), "it is empty"}, row{files.write("file", "{}") / "below", "Not a directory"}}) {
    const auto read = read_scenario(each.path);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error() == '"' + each.path + "\" cannot be read: " + each.why);
  }
}

TEST_CASE("A file is read whole, whatever bytes it has") {
  const test::temporary_directory files;
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7);
  const auto content = read_file(files.write("bytes", bytes));
  REQUIRE(content.has_value());
  CHECK((*content == bytes));
}

}  // namespace
}  // namespace cohort
