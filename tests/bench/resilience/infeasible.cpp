// SPDX-License-Identifier: BSL-1.0
// Compares the CPU time of requests that cannot meet their deadline with and without admission control, which rejects
// them.
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "loadgen/results/format.hpp"
#include "tests/bench/resilience/parts.hpp"
#include "tests/bench/resilience/testbed.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr unsigned warm_up_request_count = 100;
constexpr unsigned measured_request_count = 10'000;
constexpr std::size_t client_count = 256;
constexpr auto handler_latency = 100ms;
constexpr auto remaining_ms = "50";

struct measurement {
  testbed& environment;
  http::client_request request;
  unsigned remaining_request_count = warm_up_request_count;
  unsigned timeout_count = 0;  // status 504
  duration server_cpu_time{};
};

task<http::response> respond_slowly(unsigned& started_handler_count) {
  ++started_handler_count;
  auto delay = sleep_for(handler_latency);
  if (co_await std::move(delay) == wait_status::cancelled) {
    co_return http::error_response(http::status::gateway_timeout, "Deadline exceeded");
  }
  co_return http::json_response("{}");
}

task<> send_requests(measurement& measurement) {
  while (measurement.remaining_request_count > 0) {
    --measurement.remaining_request_count;
    const auto call_deadline = deadline::after(loop::current().now(), 5s);
    auto fetch_task = http::fetch(measurement.environment.client(), measurement.request, call_deadline);
    const auto response = co_await std::move(fetch_task);
    if (response && response->status == http::status::gateway_timeout) ++measurement.timeout_count;
  }
}

task<> run_measurement(measurement& measurement) {
  auto warm_up = run_concurrently(client_count, [&measurement] { return send_requests(measurement); });
  co_await std::move(warm_up);
  measurement.remaining_request_count = measured_request_count;
  measurement.request.fields.emplace_back(http::envoy_timeout_field, remaining_ms);
  const auto before = co_await measurement.environment.server_cpu_time();
  auto send_task = run_concurrently(client_count, [&measurement] { return send_requests(measurement); });
  co_await std::move(send_task);
  measurement.server_cpu_time = co_await measurement.environment.server_cpu_time() - before;
}

void measure(std::string_view scenario, http::admission_settings::infeasible_action action) {
  unsigned started_handler_count = 0;
  http::router routes;
  routes.get("/slow",
             [&started_handler_count](http::request_context&) { return respond_slowly(started_handler_count); });
  http::admission_settings admission;
  admission.deadline_admission = action;
  testbed environment{routes, admission, client_count};
  measurement measurement{environment, environment.request("/slow")};
  environment.run(run_measurement(measurement));
  const auto microseconds =
      std::chrono::duration<double, std::micro>(measurement.server_cpu_time).count() / measured_request_count;
  print_row("infeasible", scenario,
            loadgen::format_count(measurement.timeout_count) + " × 504 · " + loadgen::format_fixed(microseconds, 1) +
                " µs of the server's CPU time per request · " +
                loadgen::format_count(started_handler_count - warm_up_request_count) +
                " handlers started unnecessarily");
}

}  // namespace

void measure_infeasible_requests() {
  using enum http::admission_settings::infeasible_action;
  measure("processed", ignore);
  measure("rejected", reject);
}

}  // namespace cohort::bench
