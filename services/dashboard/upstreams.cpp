#include "services/dashboard/upstreams.hpp"

#include "core/json/reader.hpp"

namespace cohort::dashboard {
namespace {

bool says_stale(std::string_view body) {
  const auto stale = json::read(body, [](simdjson::dom::element root) -> result<bool> {
    bool flag = false;
    return root["stale"].get(flag) == simdjson::SUCCESS && flag;
  });
  return stale && *stale;
}

part_state state_of_failure(http::client_error why) noexcept {
  if (why == http::client_error::breaker_open) return part_state::open;
  if (why == http::client_error::bulkhead_full) return part_state::shed;
  return http::is_timeout(why) ? part_state::timeout : part_state::error;
}

part_state state_of_refusal(const http::client_response& answer) {
  if (answer.code == http::status::gateway_timeout) return part_state::timeout;
  const bool sheds = answer.code == http::status::too_many_requests || answer.find(http::overloaded_field).has_value();
  return sheds ? part_state::shed : part_state::error;
}

part judged(http::client::outcome answer) {
  part made;
  if (!answer) {
    made.state = state_of_failure(answer.error());
  } else if (answer->code == http::status::ok && json::is_object(answer->body)) {
    made.state = says_stale(answer->body) ? part_state::stale : part_state::fresh;
    made.body = std::move(answer->body);
  } else {
    made.state = state_of_refusal(*answer);
  }
  return made;
}

}  // namespace

upstream::upstream(const service::kit& with, const names& named, const http::upstream_settings& how)
    : calls_(with.upstream(named.label, how)),
      api_key_(with.api_key),
      address_(named.address),
      durations_(with.metrics.make_histogram("dashboard_service_upstream_request_duration_seconds",
                                             "Time until an upstream's answer or its failure.",
                                             {{"service", named.label}})) {
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    outcomes_[i] =
        &with.metrics.make_counter("dashboard_service_upstream_requests_total", "Calls to upstreams.",
                                   {{"service", named.label}, {"outcome", std::string{part_state_names[i]}}});
  }
}

task<part> upstream::ask(http::caller who, std::optional<duration> own_limit) {
  http::client_request request;
  request.url = address_;
  request.fields.emplace_back("Accept", "application/json");
  if (!api_key_.empty()) request.fields.emplace_back("X-API-Key", api_key_);
  auto got = co_await calls_.call(std::move(request), who, own_limit);
  if (!got.outcome && got.outcome.error() == http::client_error::cancelled) {
    // Nobody is there to be told; the caller's own cancellation goes on at its next wait.
    co_return part{};
  }
  auto made = judged(std::move(got.outcome));
  made.elapsed = got.elapsed;
  made.limit = got.limit;
  record(made, who.trace);
  co_return made;
}

void upstream::record(const part& done, const telemetry::trace_context& trace) {
  durations_.observe(std::chrono::duration<double>(done.elapsed).count(), trace, loop::current().now());
  outcomes_[static_cast<std::size_t>(done.state)]->increment();
}

}  // namespace cohort::dashboard
