// A server that answers half of all requests with 500, and what a caller gets out of it.
#include "core/http/upstream.hpp"
#include "loadgen/figures.hpp"
#include "tests/bench/resilience_bed.hpp"
#include "tests/bench/resilience_parts.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr unsigned calls = 4000;
constexpr std::size_t callers = 8;
constexpr double failing = 0.5;

struct calling {
  http::upstream& to;
  http::client_request request;
  unsigned begun = 0;
  unsigned succeeded = 0;
  unsigned requests = 0;
};

task<> call_again_and_again(calling& of) {
  while (of.begun < calls) {
    ++of.begun;
    auto request = of.request;
    const http::caller who{deadline::after(loop::current().now(), 5s), {}};
    const auto made = co_await of.to.call(std::move(request), who);
    of.requests += made.attempts;
    if (made.outcome && made.outcome->code == http::status::ok) ++of.succeeded;
  }
}

task<> call_all(calling& of) {
  auto all = all_at_once(callers, [&of] { return call_again_and_again(of); });
  co_await std::move(all);
}

double breaker_transitions(const std::string& metrics) {
  double sum = 0;
  for (const auto* to : {"closed", "open", "half_open"}) {
    sum +=
        sample_of(metrics, std::string{"cohort_client_breaker_transitions_total{upstream=\"coin\",to=\""} + to + "\"}");
  }
  return sum;
}

void measure(std::string_view name, std::string_view policy) {
  random_source coin{1};
  http::router routes;
  routes.get("/coin", [&coin](http::request_context&) {
    return coin.chance(failing) ? http::error_response(http::status::internal_server_error, "Tails")
                                : http::json_response("{}");
  });
  bed on{routes, {}};
  http::upstream_settings plain;
  // Else they draw on the budget as well, as many as the machine is slow.
  plain.hedge.enabled = false;
  const auto how = http::upstream_policy(plain).parse(policy);
  http::upstream coin_server{on.client(), on.metrics(), on.log(), "coin", how.value()};
  calling of{coin_server, on.request("/coin")};
  on.run(call_all(of));
  const auto metrics = on.metrics().text();
  using loadgen::fixed_text;
  print_row("retries", name,
            loadgen::share_text(of.succeeded, calls) + " succeeded · " +
                fixed_text(static_cast<double>(of.requests) / calls, 3) + " requests a call · breaker transitions " +
                fixed_text(breaker_transitions(metrics), 0) + ", calls it refused " +
                fixed_text(sample_of(metrics, R"(cohort_client_requests_total{upstream="coin",outcome="open"})"), 0));
}

}  // namespace

void measure_retries() {
  measure("attempts=1", "attempts=1");
  measure("attempts=3, budget 20 %", "attempts=3");
  measure("attempts=3, budget 100 %", "attempts=3,budget=100%");
}

}  // namespace cohort::bench
