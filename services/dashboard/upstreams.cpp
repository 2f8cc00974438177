#include "services/dashboard/upstreams.hpp"

#include "core/http/remaining_time.hpp"
#include "core/json/reader.hpp"

namespace cohort::dashboard {
namespace {

/// Of the caller's time, kept to put the answer together and send it; of a caller in a hurry, less.
constexpr duration most_reserved = std::chrono::milliseconds{20};
duration reserve_of(deadline until, time_point now) noexcept {
  return std::min(most_reserved, until.remaining(now) / 4);
}

bool says_stale(std::string_view body) {
  const auto stale = json::read(body, [](simdjson::dom::element root) -> result<bool> {
    bool flag = false;
    return root["stale"].get(flag) == simdjson::SUCCESS && flag;
  });
  return stale && *stale;
}

part judged(http::client::outcome answer) {
  part made;
  if (!answer) {
    made.state = http::is_timeout(answer.error()) ? part_state::timeout : part_state::error;
  } else if (answer->code == http::status::gateway_timeout) {
    made.state = part_state::timeout;
  } else if (answer->code == http::status::too_many_requests) {
    made.state = part_state::shed;
  } else if (answer->code == http::status::ok && json::is_object(answer->body)) {
    made.state = says_stale(answer->body) ? part_state::stale : part_state::fresh;
    made.body = std::move(answer->body);
  }
  return made;
}

}  // namespace

upstream::upstream(service::kit with, const names& named, duration limit)
    : kit_(std::move(with)),
      address_(named.address),
      limit_(limit),
      durations_(kit_.metrics.make_histogram("dashboard_service_upstream_request_duration_seconds",
                                             "Time until an upstream's answer or its failure.",
                                             {{"service", named.label}})) {
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    outcomes_[i] =
        &kit_.metrics.make_counter("dashboard_service_upstream_requests_total", "Calls to upstreams.",
                                   {{"service", named.label}, {"outcome", std::string{part_state_names[i]}}});
  }
}

task<part> upstream::ask(deadline until, std::string_view request_id) { return ask(until, request_id, limit_); }

task<part> upstream::ask(deadline until, std::string_view request_id, duration own_limit) {
  const auto started = loop::current().now();
  const auto budget = budget_for(until, started, own_limit, reserve_of(until, started));
  http::client_request request;
  request.url = address_;
  request.fields.emplace_back("Accept", "application/json");
  request.fields.emplace_back("X-Request-Id", std::string{request_id});
  request.fields.emplace_back(std::string{http::remaining_time_field}, http::format_remaining_time(budget, started));
  if (!kit_.api_key.empty()) request.fields.emplace_back("X-API-Key", kit_.api_key);
  auto answer = co_await kit_.client.call(std::move(request), budget);
  if (!answer && answer.error() == http::client_error::cancelled) {
    // Nobody is there to be told; the caller's own cancellation goes on at its next wait.
    co_return part{};
  }
  auto made = judged(std::move(answer));
  made.elapsed = loop::current().now() - started;
  made.limit = budget.remaining(started);
  record(made);
  co_return made;
}

void upstream::record(const part& done) {
  durations_.observe(std::chrono::duration<double>(done.elapsed).count());
  outcomes_[static_cast<std::size_t>(done.state)]->increment();
}

}  // namespace cohort::dashboard
