// A dashboard whose time service is slower than its callers are patient.
#include <thread>

#include "tests/bench/resilience_parts.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/scripted_upstream.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr unsigned patient = 20;
constexpr unsigned impatient = 10;
constexpr auto request = "GET /api/aggregate HTTP/1.1\r\nHost: x\r\nx-envoy-expected-rq-timeout-ms: 200\r\n\r\n";

time_point now() { return std::chrono::steady_clock::now(); }

void ask_in_time(test::running_program& dashboard, const test::scripted_upstream& time) {
  std::vector<duration> took;
  unsigned timed_out = 0;
  test::raw_connection connection{dashboard.port()};
  for (unsigned i = 0; i < patient; ++i) {
    const auto began = now();
    connection.send(request);
    const auto answer = connection.read_response();
    took.push_back(now() - began);
    if (test::json_at(answer.body, "/meta/time_service/state") == "\"timeout\"") ++timed_out;
  }
  time.wait_for_hangups(patient);
  print_row("deadline", "upstream takes 500 ms, caller has 200 ms",
            "answers after " + quantile_text(took, 0.5) + " (median), " + quantile_text(took, 1) + " (longest) · " +
                std::to_string(timed_out) + " of " + std::to_string(patient) + " say `timeout` · " +
                std::to_string(time.hangups()) + " upstream calls cancelled");
}

void hang_up(test::running_program& dashboard, const test::scripted_upstream& time) {
  std::vector<duration> took;
  const auto requests = time.requests().size();
  const auto hangups = time.hangups();
  for (unsigned i = 1; i <= impatient; ++i) {
    test::raw_connection connection{dashboard.port()};
    connection.send(request);
    time.wait_for_requests(requests + i);
    std::this_thread::sleep_for(50ms);
    const auto left = now();
    connection.reset();
    time.wait_for_hangups(hangups + i);
    took.push_back(now() - left);
  }
  print_row("deadline", "caller hangs up after 50 ms",
            "upstream call cancelled after " + quantile_text(took, 0.5) + " (median), " + quantile_text(took, 1) +
                " (longest of " + std::to_string(impatient) + ")");
}

}  // namespace

void measure_deadlines() {
  test::scripted_upstream time;
  test::scripted_upstream others;
  time.always(test::answer{.body = R"({"service":"time-service"})", .delay = 500ms});
  others.always(test::answer{.body = "{}"});
  test::running_program dashboard{
      "dashboard-service",
      {},
      {{"TIME_SERVICE_URL", time.url()}, {"SYSINFO_SERVICE_URL", others.url()}, {"WEATHER_SERVICE_URL", others.url()}}};
  ask_in_time(dashboard, time);
  hang_up(dashboard, time);
}

}  // namespace cohort::bench
