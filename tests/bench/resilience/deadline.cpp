// SPDX-License-Identifier: BSL-1.0
// Measures a dashboard whose time service is slower than the deadline of the dashboard's clients.
#include <thread>

#include "tests/bench/resilience/parts.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/support/http/scripted_upstream.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr unsigned deadline_request_count = 20;
constexpr unsigned disconnecting_client_count = 10;
constexpr auto request = "GET /api/aggregate HTTP/1.1\r\nHost: x\r\nx-envoy-expected-rq-timeout-ms: 200\r\n\r\n";

time_point now() { return std::chrono::steady_clock::now(); }

void measure_responses(test::running_program& dashboard, const test::scripted_upstream& time_service) {
  std::vector<duration> latencies;
  unsigned timeout_count = 0;
  test::raw_connection connection{dashboard.port()};
  for (unsigned i = 0; i < deadline_request_count; ++i) {
    const auto start = now();
    connection.send(request);
    const auto response = connection.read_response();
    latencies.push_back(now() - start);
    if (test::json_at(response.body, "/meta/time_service/state") == "\"timeout\"") ++timeout_count;
  }
  time_service.wait_for_disconnects(deadline_request_count);
  print_row("deadline", "upstream takes 500 ms, caller has 200 ms",
            "responses after " + format_quantile(latencies, 0.5) + " (median), " + format_quantile(latencies, 1) +
                " (maximum) · " + std::to_string(timeout_count) + " of " + std::to_string(deadline_request_count) +
                " with `timeout` · " + std::to_string(time_service.disconnect_count()) + " upstream calls cancelled");
}

void measure_cancellation(test::running_program& dashboard, const test::scripted_upstream& time_service) {
  std::vector<duration> delays;
  const auto requests = time_service.requests().size();
  const auto initial_disconnect_count = time_service.disconnect_count();
  for (unsigned i = 1; i <= disconnecting_client_count; ++i) {
    test::raw_connection connection{dashboard.port()};
    connection.send(request);
    time_service.wait_for_requests(requests + i);
    std::this_thread::sleep_for(50ms);
    const auto disconnected = now();
    connection.reset();
    time_service.wait_for_disconnects(initial_disconnect_count + i);
    delays.push_back(now() - disconnected);
  }
  print_row("deadline", "caller disconnects after 50 ms",
            "upstream call cancelled after " + format_quantile(delays, 0.5) + " (median), " +
                format_quantile(delays, 1) + " (maximum of " + std::to_string(disconnecting_client_count) + ")");
}

}  // namespace

void measure_deadlines() {
  test::scripted_upstream time_service;
  test::scripted_upstream other_services_upstream;
  time_service.set_default_behavior(test::canned_response{.body = R"({"service":"time-service"})", .delay = 500ms});
  other_services_upstream.set_default_behavior(test::canned_response{.body = "{}"});
  test::running_program dashboard{"dashboard-service",
                                  {},
                                  {{"TIME_SERVICE_URL", time_service.url()},
                                   {"SYSINFO_SERVICE_URL", other_services_upstream.url()},
                                   {"WEATHER_SERVICE_URL", other_services_upstream.url()}}};
  measure_responses(dashboard, time_service);
  measure_cancellation(dashboard, time_service);
}

}  // namespace cohort::bench
