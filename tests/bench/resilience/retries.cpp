// SPDX-License-Identifier: BSL-1.0
// Measures calls with and without retries to a server that responds to half of the requests with status 500.
#include <cohort/http/client/upstream/upstream.hpp>
#include "loadgen/results/format.hpp"
#include "tests/bench/resilience/parts.hpp"
#include "tests/bench/resilience/testbed.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr unsigned call_count = 4000;
constexpr std::size_t client_count = 8;
constexpr double failure_rate = 0.5;

struct measurement {
  http::upstream& upstream;
  http::client_request request;
  unsigned started = 0;
  unsigned succeeded = 0;
  unsigned request_count = 0;
};

task<> make_calls(measurement& measurement) {
  while (measurement.started < call_count) {
    ++measurement.started;
    const call_context context{.deadline = deadline::after(loop::current().now(), 5s)};
    auto call_task = measurement.upstream.call(measurement.request, context);
    const auto result = co_await std::move(call_task);
    measurement.request_count += result.attempts;
    if (result.response && result.response->status == http::status::ok) ++measurement.succeeded;
  }
}

task<> run_measurement(measurement& measurement) {
  auto call_task = run_concurrently(client_count, [&measurement] { return make_calls(measurement); });
  co_await std::move(call_task);
}

double breaker_transitions(const std::string& metrics) {
  double sum = 0;
  for (const auto* state : {"closed", "open", "half_open"}) {
    const auto prefix = std::string{R"(cohort_client_breaker_transitions_total{upstream="random",to=")"};
    sum += series_value(metrics, prefix + state + "\"}");
  }
  return sum;
}

void measure(std::string_view scenario, std::string_view policy) {
  random_generator random{1};
  http::router routes;
  routes.get("/random", [&random](http::request_context&) {
    return random.bernoulli(failure_rate) ? http::error_response(http::status::internal_server_error, "Random failure")
                                          : http::json_response("{}");
  });
  testbed environment{routes, {}};
  http::upstream_settings settings_without_hedging;
  // Hedges would use the same budget, and their number would depend on the speed of the machine.
  settings_without_hedging.hedging.is_enabled = false;
  const auto settings = http::upstream_policy(settings_without_hedging).parse(policy);
  http::upstream upstream{environment.client(), environment.metrics(), environment.log(), "random", settings.value()};
  measurement measurement{upstream, environment.request("/random")};
  environment.run(run_measurement(measurement));
  const auto metrics = environment.metrics().prometheus_text();
  const auto rejected = series_value(metrics, R"(cohort_client_requests_total{upstream="random",outcome="open"})");
  using loadgen::format_fixed;
  print_row("retries", scenario,
            loadgen::format_percentage(measurement.succeeded, call_count) + " succeeded · " +
                format_fixed(static_cast<double>(measurement.request_count) / call_count, 3) +
                " requests per call · breaker transitions " + format_fixed(breaker_transitions(metrics), 0) +
                ", calls rejected by it " + format_fixed(rejected, 0));
}

}  // namespace

void measure_retries() {
  measure("attempts=1", "attempts=1");
  measure("attempts=3, budget 20 %", "attempts=3");
  measure("attempts=3, budget 100 %", "attempts=3,budget=100%");
}

}  // namespace cohort::bench
