#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <csignal>

#include "tests/integration/running_program.hpp"
#include "tests/support/certificate_authority.hpp"
#include "tests/support/scripted_upstream.hpp"
#include "tests/support/temporary_directory.hpp"

// The load generator as people start it, on real sockets.
namespace cohort::test {
namespace {

using Catch::Matchers::ContainsSubstring;
using namespace std::chrono_literals;

std::uint64_t number_at(const std::string& json, const std::string& pointer) {
  return std::stoull(json_at(json, pointer));
}

TEST_CASE("loadgen counts what the server counts, to the request, in its own report and its metrics") {
  running_program server("time-service");
  const auto found =
      run_program("loadgen", {"-q", "-m", "constant", "-r", "500", "-d", "2", "--json", "-", "--target",
                              "time=" + server.url() + "/api/time", "--server-metrics", server.url() + "/metrics"});
  CAPTURE(found.error);
  // 120 on a machine that is too busy for it: the counts hold all the same.
  CHECK((found.status == 0 || found.status == 120));
  CHECK(number_at(found.output, "/totals/planned") == 1000);
  CHECK(number_at(found.output, "/totals/sent") == 1000);
  CHECK(number_at(found.output, "/totals/outcomes/2xx") == 1000);
  CHECK(number_at(found.output, "/servers/0/sent") == 1000);
  CHECK(number_at(found.output, "/servers/0/served") == 1000);
  // And the preflight's.
  const auto series = "time_service_http_requests_total{endpoint=\"/api/time\",method=\"GET\",status=\"200\"}";
  CHECK(metric(server.port(), series) == 1001);
}

TEST_CASE("loadgen's p99 holds the waits behind a stall of a real server, which its service times do not show") {
  scripted_upstream server;
  constexpr auto stall = 500ms;
  server.next(answer{.body = "preflight"});
  for (int i = 0; i < 20; ++i) server.next(answer{.body = "before"});
  server.next(answer{.body = "late", .delay = stall});
  server.always(answer{.body = "after"});
  // One connection: the 50 requests of the half second after the stall began wait for it.
  const auto found = run_program("loadgen", {"-q", "-m", "constant", "-r", "100", "-d", "2", "-c", "1", "--json", "-",
                                             "--target", "site=" + server.url() + "/"});
  CAPTURE(found.error);
  CHECK(server.requests().size() == 201);
  CHECK(number_at(found.output, "/totals/outcomes/2xx") == 200);
  // Of 200 requests 50 waited 500, 490 … 10 ms: rank 198 is 480 ms at least, whatever else the machine did.
  CHECK(number_at(found.output, "/totals/response/p99_us") >= 470'000);
  CHECK(number_at(found.output, "/totals/response/p90_us") >= 280'000);
  CHECK(number_at(found.output, "/totals/service/max_us") >= 500'000);
}

TEST_CASE("Ctrl-C ends loadgen early, with a whole report and status 105") {
  running_program server("time-service");
  child_process generator(program_path("loadgen"),
                          {"-r", "20", "-d", "600", "--json", "-", "--target", "time=" + server.url() + "/api/time"});
  generator.wait_for_line("0:01 of 10:00");
  generator.signal(SIGINT);
  CHECK(generator.wait_exit() == 105);
  CHECK(json_at(generator.output(), "/verdict/word") == "\"interrupted\"");
  CHECK(number_at(generator.output(), "/totals/planned") >= 20);
  CHECK_THAT(generator.error_output(), ContainsSubstring("Interrupted (SIGINT)."));
}

TEST_CASE("loadgen shows Prometheus how it goes while it runs") {
  running_program server("time-service");
  child_process generator(program_path("loadgen"), {"-r", "50", "-d", "600", "--metrics-port", "0", "--target",
                                                    "time=" + server.url() + "/api/time"});
  const auto line = generator.wait_for_line("Metrics of this run at ");
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  generator.wait_for_line("0:01 of 10:00");
  CHECK(metric(port, "loadgen_requests_planned_total{target=\"time\"}") >= 50);
  CHECK(metric(port, "loadgen_outcomes_total{target=\"time\",outcome=\"2xx\"}") >= 49);
  CHECK(metric(port, "loadgen_response_duration_seconds_count{target=\"time\"}") >= 49);
  generator.signal(SIGTERM);
  CHECK(generator.wait_exit() == 105);
}

TEST_CASE("loadgen's exit status says how it went") {
  running_program server("time-service");
  const auto target = "time=" + server.url() + "/api/time";
  CHECK(run_program("loadgen", {"--target", target, "-d", "0.5", "--slo", "p50<1us"}).status == 99);
  CHECK(run_program("loadgen", {"--target", target, "-d", "tomorrow"}).status == 104);
  CHECK(run_program("loadgen", {"--target", "time=" + server.url() + "/api/tim"}).status == 122);
  CHECK(run_program("loadgen", {"--help"}).status == 0);
}

TEST_CASE("loadgen speaks TLS, and trusts whom the system trusts") {
  temporary_directory files;
  certificate_authority authority{"Test CA"};
  scripted_upstream server{authority.issue({.dns = {"localhost"}})};
  server.always(answer{.body = "secret"});
  const auto trusted = files.write("ca.pem", authority.certificate_pem()).string();
  const std::vector<std::string> flags{
      "-q", "-r", "20", "-d", "0.5", "--target", "site=" + server.url() + "/", "--expect-body", "secret"};
  const auto good = run_program("loadgen", flags, {{"SSL_CERT_FILE", trusted}});
  CHECK_THAT(good.output, ContainsSubstring("Successful:     10\n"));
  const auto bad = run_program("loadgen", flags);
  CHECK(bad.status == 122);
  CHECK_THAT(bad.error, ContainsSubstring("the server's certificate is not to be trusted"));
}

TEST_CASE("Threads share the load and the count") {
  running_program server("time-service");
  const auto found =
      run_program("loadgen", {"-q", "-t", "3", "-c", "6", "-r", "900", "-d", "1", "--arrivals", "poisson", "--json",
                              "-", "--target", "time=" + server.url() + "/api/time"});
  CAPTURE(found.error);
  const auto planned = number_at(found.output, "/totals/planned");
  CHECK(planned > 700);
  CHECK(number_at(found.output, "/totals/outcomes/2xx") == planned);
  const auto series = "time_service_http_requests_total{endpoint=\"/api/time\",method=\"GET\",status=\"200\"}";
  CHECK(metric(server.port(), series) == static_cast<double>(planned + 1));
}

}  // namespace
}  // namespace cohort::test
