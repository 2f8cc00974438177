#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "tests/support/temporary_directory.hpp"
#include "tests/unit/loadgen/parsed_command.hpp"

namespace cohort {
namespace {

using namespace test;

struct bad_row {
  arguments given;
  std::string line;
};

TEST_CASE("A bad argument is one line that says what it was and what it may be, and status 104") {
  const std::string span = "a time such as 90 (seconds), 250ms, 5m or 1h, ";
  const std::string target_form =
      "[name=]url[@weight], such as time=http://localhost:5001/api/time@3, with a weight of 1 to 1000";
  const auto of = GENERATE_COPY(from_range(std::vector<bad_row>{
      {{"-d", "0"}, "--duration is \"0\", but must be " + span + "from 0.1 seconds to 168h"},
      {{"-d", "-5"}, "--duration is \"-5\", but must be " + span + "from 0.1 seconds to 168h"},
      {{"-d", "abc"}, "--duration is \"abc\", but must be " + span + "from 0.1 seconds to 168h"},
      {{"-d", "169h"}, "--duration is \"169h\", but must be " + span + "from 0.1 seconds to 168h"},
      {{"-r", "0"},
       "--rate is \"0\", but must be requests per second, 0.001 to 1000000, or max (as fast as the "
       "connections allow)"},
      {{"-r", "1000001"},
       "--rate is \"1000001\", but must be requests per second, 0.001 to 1000000, or max (as fast as "
       "the connections allow)"},
      {{"--stage", "30s"},
       "--stage is \"30s\", but must be a time and the rate at its end, such as 30s:200, or "
       "30s:200:step for that rate from its start"},
      {{"--stage", "30s:0"}, "--stage: all rates are zero"},
      {{"--stage", "1s:1", "-r", "5"}, "--stage says it all: no --mode, --rate or --duration beside it"},
      {{"--stage", "1s:1", "-m", "ramp"}, "--stage says it all: no --mode, --rate or --duration beside it"},
      {{"--stage", "1s:1", "-d", "5"}, "--stage says it all: no --mode, --rate or --duration beside it"},
      {{"--arrivals", "random"}, "--arrivals is \"random\", but must be one of constant, poisson"},
      {{"--seed", "-1"}, "--seed is \"-1\", but must be a whole number from 0 to 9223372036854775807"},
      {{"-c", "0"}, "--connections is \"0\", but must be a whole number from 1 to 100000"},
      {{"-c", "100001"}, "--connections is \"100001\", but must be a whole number from 1 to 100000"},
      {{"-t", "65"}, "--threads is \"65\", but must be a whole number from 1 to 64"},
      {{"-t", "4", "-c", "3"}, "--threads cannot be more than --connections"},
      {{"--timeout", "0"}, "--timeout is \"0\", but must be " + span + "from 1ms to 1h"},
      {{"--deadline", "2h"}, "--deadline is \"2h\", but must be " + span + "from 1ms to 1h"},
      {{"--target", "localhost"}, "--target is \"localhost\", but must be " + target_form},
      {{"--target", "http://h/@0"}, "--target is \"http://h/@0\", but must be " + target_form},
      {{"--target", "http://u:p@h/"}, "--target is \"http://u:p@h/\", but must be " + target_form},
      {{"--target", "a=http://h/", "--target", "a=http://g/"}, "two targets have the name \"a\""},
      {{"--target", "http://h/", "--target", "http://h/"}, "two targets have the name \"h/\""},
      {{"--method", "get"}, "--method is \"get\", but must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"},
      {{"-H", "Host: h"},
       "--header is \"Host: h\", but must be a header line such as \"Accept: text/html\"; Host, "
       "Content-Length and Transfer-Encoding are set by loadgen"},
      {{"-H", "A: b\r\nC: d"},
       "--header is \"A: b??C: d\", but must be a header line such as \"Accept: text/html\"; Host, "
       "Content-Length and Transfer-Encoding are set by loadgen"},
      {{"--body", "@/no/such/file"}, "--body: \"/no/such/file\" cannot be read: No such file or directory"},
      {{"--body", "@/"}, "--body: \"/\" cannot be read: Is a directory"},
      {{"--scenario", "/no/such/file"}, "--scenario: \"/no/such/file\" cannot be read: No such file or directory"},
      {{"--scenario", "/no/such\nfile\x1b[1m"},
       "--scenario: \"/no/such\xef\xbf\xbd"
       "file\xef\xbf\xbd[1m\" cannot be read: No such file or directory"},
      {{"--slo", "goodput>99%"}, "--slo \"goodput>99%\" wants to know what is on time: give a --deadline"},
      {{"--slo", "nobody:p99<1s"}, "--slo \"nobody:p99<1s\" names no target"},
      {{"--abort-on-fail"}, "--abort-on-fail needs an --slo that can fail"},
      {{"-r", "max", "-m", "spike"},
       "--rate is \"max\", which --mode \"spike\" cannot multiply; it goes with constant or balanced"},
      {{"-r", "max", "-m", "knee"},
       "--rate is \"max\", which --mode \"knee\" cannot multiply; it goes with constant or balanced"},
      {{"-r", "62501", "-m", "spike"},
       "--mode \"spike\" multiplies --rate by 16, which would be more than 1000000 requests per second"},
      {{"-r", "50001", "-m", "heavy"},
       "--mode \"heavy\" multiplies --rate by 20, which would be more than 1000000 requests per second"},
      {{"-r", "2501", "-m", "stress"},
       "--mode \"stress\" multiplies --rate by 400, which would be more than 1000000 requests per second"},
      {{"--metrics-port", "65536"},
       "--metrics-port is \"65536\", but must be a port from 0 to 65535 (0 lets the system choose)"},
      {{"--metrics-host", "localhost"},
       "--metrics-host is \"localhost\", but must be an IP address such as 127.0.0.1, 0.0.0.0 or ::"},
      {{"--server-metrics", "h/metrics"},
       "--server-metrics is \"h/metrics\", but must be a URL such as http://localhost:5001/api/time"},
      {{"--api-key", "two words"}, "--api-key is something else, but must be a secret of visible ASCII characters"},
      {{"--json", "a", "--csv", "a"}, "two outputs would be written to \"a\""},
      {{"--html", "-", "--csv", "-"}, "two outputs would be written to \"-\""},
  }));
  CAPTURE(of.given);
  const auto exit = refused(of.given);
  CHECK(exit.status == 104);
  CHECK(exit.text == "loadgen: " + of.line + "\n");
}

TEST_CASE("An objective that is none is told in one line") {
  const std::string text = GENERATE("", "p99", "p99<", "p99<200", "p101<1s", "speed<1s", "p99<1s\nx", "error_rate<0%");
  const auto exit = refused({"--slo", text});
  CHECK(exit.status == 104);
  CHECK(exit.text.starts_with("loadgen: --slo: \""));
  CHECK(exit.text.find('\n') == exit.text.size() - 1);
}

TEST_CASE("Weights without a small common factor are refused, and others are not") {
  const auto with_weights = [](const std::vector<std::string>& weights) {
    arguments given;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      given.insert(given.end(), {"--target", "t" + std::to_string(i) + "=http://h/@" + weights[i]});
    }
    return given;
  };
  std::vector<std::string> weights(10, "1000");
  CHECK(accepted(with_weights(weights)).load.targets.size() == 10);
  weights.push_back("1000");
  CHECK(accepted(with_weights(weights)).load.targets.size() == 11);
  weights.back() = "1";
  CHECK(refused(with_weights(weights)).text ==
        "loadgen: the targets' weights have no small common factor; their sum must be 10000 at most\n");
}

TEST_CASE("An unknown mode, flag or argument brings the usage along") {
  const auto of = GENERATE(from_range(std::vector<bad_row>{
      {{"-m", "nonsense"},
       "loadgen: --mode is \"nonsense\", but must be one of balanced, spike, burst, heavy, stress, constant, ramp, knee"},
      {{"-m", ""},
       "loadgen: --mode is \"\", but must be one of balanced, spike, burst, heavy, stress, constant, ramp, knee"},
      {{"-m", "stages"},
       "loadgen: --mode is \"stages\", but must be one of balanced, spike, burst, heavy, stress, constant, ramp, knee"},
      {{"--nonsense"}, "loadgen: there is no flag \"--nonsense\" (see --help)"},
      {{"-x"}, "loadgen: there is no flag \"-x\" (see --help)"},
      {{"--api_key=s3cret"}, "loadgen: there is no flag \"--api_key\" (see --help)"},
      {{"http://h/"}, "loadgen: there is an argument that is no flag and belongs to none (see --help)"},
  }));
  CAPTURE(of.given);
  const auto exit = refused(of.given);
  CHECK(exit.status == 104);
  CHECK(exit.text.starts_with("Usage: loadgen [-m MODE] [-d SECONDS] [-r RATE]"));
  CHECK(exit.text.ends_with("\n" + of.line + "\n"));
}

TEST_CASE("A flag without its value, or said twice, is one line") {
  const auto given = GENERATE(from_range(std::vector<arguments>{{"-d"},
                                                                {"--slo"},
                                                                {"-m", "spike", "-m", "burst"},
                                                                {"-r", "1", "--rate", "2"},
                                                                {"--api-key", "s3cret", "--api-key", "s3cret"}}));
  CAPTURE(given);
  const auto exit = refused(given);
  CHECK(exit.status == 104);
  CHECK(exit.text.starts_with("loadgen: "));
  CHECK(exit.text.find('\n') == exit.text.size() - 1);
  CHECK(exit.text.find("s3cret") == std::string::npos);
}

TEST_CASE("What is wrong with a scenario is one line that names the file") {
  const temporary_directory files;
  const auto path = files.write("s.json", R"({"rate": 0})").string();
  const auto exit = refused({"--scenario", path});
  CHECK(exit.status == 104);
  CHECK(exit.text == "loadgen: --scenario: " + path +
                         ": rate is 0, but must be requests per second, 0.001 to 1000000, or "
                         "max (as fast as the connections allow)\n");
}

TEST_CASE("A scenario with stages and a mode is one too many") {
  const temporary_directory files;
  const std::string beside = GENERATE(R"("mode": "ramp")", R"("rate": 5)", R"("duration": 5)");
  const auto path = files.write("s.json", R"({"stages": [{"duration": "10s", "rate": 10}], )" + beside + "}").string();
  CHECK(refused({"--scenario", path}).text ==
        "loadgen: --stage says it all: no --mode, --rate or --duration beside it\n");
}

}  // namespace
}  // namespace cohort
