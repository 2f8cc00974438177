// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/integration/running_program.hpp"
#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/net/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"

// Tests the load generator's program over real sockets.
namespace cohort::test {
namespace {

using Catch::Matchers::ContainsSubstring;
using namespace std::chrono_literals;

std::uint64_t number_at(const std::string& json, const std::string& pointer) {
  return std::stoull(json_at(json, pointer));
}

TEST_CASE("loadgen: the number of requests equals the server's count", "[integration][loadgen][threads]") {
  running_program server("time-service");
  const auto result =
      run_program("loadgen", {"-q", "-m", "constant", "-r", "500", "-d", "2", "--json", "-", "--target",
                              "time=" + server.url() + "/api/time", "--server-metrics", server.url() + "/metrics"});
  CAPTURE(result.error);
  // The status is 120 if the machine is too slow for a valid run; the counts are exact in both cases.
  CHECK((result.status == 0 || result.status == 120));
  CHECK(number_at(result.output, "/totals/planned") == 1000);
  CHECK(number_at(result.output, "/totals/sent") == 1000);
  CHECK(number_at(result.output, "/totals/outcomes/2xx") == 1000);
  CHECK(number_at(result.output, "/servers/0/sent") == 1000);
  CHECK(number_at(result.output, "/servers/0/served") == 1000);
  // The count includes the request of the preflight.
  const auto series = "time_service_http_requests_total{endpoint=\"/api/time\",method=\"GET\",status=\"200\"}";
  CHECK(metric(server.port(), series) == 1001);
}

TEST_CASE("loadgen: a stall of the server increases response times, not service times",
          "[integration][loadgen][threads]") {
  scripted_upstream server;
  constexpr auto stall = 500ms;
  server.enqueue(canned_response{.body = "preflight"});
  for (int i = 0; i < 20; ++i) server.enqueue(canned_response{.body = "before"});
  server.enqueue(canned_response{.body = "late", .delay = stall});
  server.set_default_behavior(canned_response{.body = "after"});
  // There is one connection, so the 50 requests that start during the stall of 500 ms wait for its end.
  const auto result = run_program("loadgen", {"-q", "-m", "constant", "-r", "100", "-d", "2", "-c", "1", "--json", "-",
                                              "--target", "site=" + server.url() + "/"});
  CAPTURE(result.error);
  CHECK(server.requests().size() == 201);
  CHECK(number_at(result.output, "/totals/outcomes/2xx") == 200);
  // 50 of 200 requests wait 500, 490 … 10 ms, so rank 198 is at least 480 ms.
  CHECK(number_at(result.output, "/totals/response/p99_us") >= 470'000);
  CHECK(number_at(result.output, "/totals/response/p90_us") >= 280'000);
  CHECK(number_at(result.output, "/totals/service/max_us") >= 500'000);
}

TEST_CASE("loadgen: SIGINT ends the run, with a complete report and status 105", "[integration][loadgen][threads]") {
  running_program server("time-service");
  child_process generator(program_path("loadgen"),
                          {"-r", "20", "-d", "600", "--json", "-", "--target", "time=" + server.url() + "/api/time"});
  generator.wait_for_line("0:01 of 10:00");
  generator.signal(SIGINT);
  CHECK(generator.wait_for_exit() == 105);
  CHECK(json_at(generator.output(), "/verdict/word") == "\"interrupted\"");
  CHECK(number_at(generator.output(), "/totals/planned") >= 20);
  CHECK_THAT(generator.error_output(), ContainsSubstring("Interrupted (SIGINT)."));
}

TEST_CASE("loadgen: every termination signal results in complete files, under load and in the preflight",
          "[integration][loadgen][threads][case-4.7]") {
  const auto [number, name] = GENERATE(
      table<int, std::string>({{SIGHUP, "SIGHUP"}, {SIGTERM, "SIGTERM"}, {SIGQUIT, "SIGQUIT"}, {SIGUSR1, "SIGUSR1"}}));
  const bool is_responding = GENERATE(true, false);
  CAPTURE(name, is_responding);
  temporary_directory files;
  scripted_upstream server;
  if (is_responding) {
    server.set_default_behavior(canned_response{.body = "hello"});
  } else {
    server.set_default_behavior(no_response{});
  }
  child_process generator(program_path("loadgen"),
                          {"-r", "20", "-d", "600", "--json", (files.path() / "r.json").string(), "--csv",
                           (files.path() / "r.csv").string(), "--target", "site=" + server.url() + "/"});
  server.wait_for_requests(is_responding ? 5 : 1);
  generator.signal(number);
  CHECK(generator.wait_for_exit() == 105);
  CHECK_THAT(generator.output(), ContainsSubstring("Interrupted (" + name + ")."));
  std::ifstream json{files.path() / "r.json"};
  const std::string report{std::istreambuf_iterator<char>{json}, {}};
  CHECK(json_at(report, "/verdict/word") == "\"interrupted\"");
  CHECK(std::distance(std::filesystem::directory_iterator{files.path()}, {}) == 2);
}

TEST_CASE("loadgen: metrics are served during the run", "[integration][loadgen][threads]") {
  running_program server("time-service");
  child_process generator(program_path("loadgen"), {"-r", "50", "-d", "600", "--metrics-port", "0", "--target",
                                                    "time=" + server.url() + "/api/time"});
  const auto line = generator.wait_for_line("Metrics of this run: ");
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  generator.wait_for_line("0:01 of 10:00");
  CHECK(metric(port, "loadgen_requests_planned_total{target=\"time\"}") >= 50);
  CHECK(metric(port, "loadgen_outcomes_total{target=\"time\",outcome=\"2xx\"}") >= 49);
  CHECK(metric(port, "loadgen_response_duration_seconds_count{target=\"time\"}") >= 49);
  generator.signal(SIGTERM);
  CHECK(generator.wait_for_exit() == 105);
}

TEST_CASE("loadgen: the exit status corresponds to the verdict", "[integration][loadgen][threads]") {
  running_program server("time-service");
  const auto target = "time=" + server.url() + "/api/time";
  // In a closed loop no request is late, so that a busy machine cannot make the run invalid.
  CHECK(run_program("loadgen", {"--target", target, "-r", "max", "-c", "1", "-d", "0.5", "--slo", "p50<1us"}).status ==
        99);
  CHECK(run_program("loadgen", {"--target", target, "-d", "tomorrow"}).status == 104);
  CHECK(run_program("loadgen", {"--target", "time=" + server.url() + "/api/tim"}).status == 122);
  CHECK(run_program("loadgen", {"--help"}).status == 0);
}

TEST_CASE("loadgen: TLS certificates are verified with the system's trust store", "[integration][loadgen][threads]") {
  temporary_directory files;
  certificate_authority authority{"Test CA"};
  scripted_upstream server{authority.issue({.dns = {"localhost"}})};
  server.set_default_behavior(canned_response{.body = "secret"});
  const auto trusted_file = files.write("ca.pem", authority.certificate_pem()).string();
  const std::vector<std::string> flags{
      "-q", "-r", "20", "-d", "0.5", "--target", "site=" + server.url() + "/", "--expect-body", "secret"};
  const auto trusted_run = run_program("loadgen", flags, {{"SSL_CERT_FILE", trusted_file}});
  CHECK_THAT(trusted_run.output, ContainsSubstring("Successful:     10\n"));
  const auto untrusted_run = run_program("loadgen", flags);
  CHECK(untrusted_run.status == 122);
  CHECK_THAT(untrusted_run.error, ContainsSubstring("the server's certificate is invalid"));
}

TEST_CASE("loadgen: a CA is trusted with --cacert, and every certificate with --insecure",
          "[integration][loadgen][threads][case-4.5]") {
  temporary_directory files;
  certificate_authority authority{"Test CA"};
  scripted_upstream server{authority.issue({.dns = {"localhost"}})};
  server.set_default_behavior(canned_response{.body = "secret"});
  const auto trusted_file = files.write("ca.pem", authority.certificate_pem()).string();
  const auto run_with_flags = [&](std::vector<std::string> flags) {
    flags.insert(flags.end(), {"-q", "-r", "20", "-d", "0.5", "--target", "site=" + server.url() + "/"});
    return run_program("loadgen", flags);
  };
  CHECK_THAT(run_with_flags({"--cacert", trusted_file}).output, ContainsSubstring("Successful:     10\n"));
  CHECK_THAT(run_with_flags({"--insecure"}).output, ContainsSubstring("Successful:     10\n"));
  CHECK(run_with_flags({"--cacert", trusted_file, "--sni", "other.example"}).status == 122);
}

TEST_CASE("loadgen: the load is divided among the threads, and their counts are added",
          "[integration][loadgen][threads]") {
  running_program server("time-service");
  const auto result =
      run_program("loadgen", {"-q", "-t", "3", "-c", "6", "-r", "900", "-d", "1", "--arrivals", "poisson", "--json",
                              "-", "--target", "time=" + server.url() + "/api/time"});
  CAPTURE(result.error);
  const auto planned = number_at(result.output, "/totals/planned");
  CHECK(planned > 700);
  CHECK(number_at(result.output, "/totals/outcomes/2xx") == planned);
  const auto series = "time_service_http_requests_total{endpoint=\"/api/time\",method=\"GET\",status=\"200\"}";
  CHECK(metric(server.port(), series) == static_cast<double>(planned + 1));
}

}  // namespace
}  // namespace cohort::test
