// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/watched_service.hpp>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cohort/policy/retry/exponential_backoff.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::discovery {
namespace {

/// Sorts the endpoints, removes duplicates, and keeps at most `watched_service::max_endpoints`.
void normalize(endpoint_list& endpoints) {
  std::ranges::sort(endpoints);
  const auto duplicates = std::ranges::unique(endpoints);
  endpoints.erase(duplicates.begin(), duplicates.end());
  if (endpoints.size() > watched_service::max_endpoints) endpoints.resize(watched_service::max_endpoints);
}

}  // namespace

watched_service::watched_service(service_target target, std::unique_ptr<endpoint_source> source,
                                 telemetry::registry& metrics, telemetry::logger log, wall_time now)
    : target_(std::move(target)),
      source_(std::move(source)),
      metrics_(metrics, target_.requests.host, std::string{to_string(target_.kind)}, now),
      log_(std::move(log)) {}

task<> watched_service::run(std::function<task<>()> on_change) {
  for (unsigned failures = 0;;) {
    auto wait_task = source_->next();
    auto found = co_await std::move(wait_task);
    if (!found) {
      const auto delay = fail(found.error(), ++failures);
      // The source is polled until the task is cancelled, with pauses of at most `max_retry_delay`, because no event
      // reports that the source is available again.
      auto pause = sleep_for(delay);
      if (co_await std::move(pause) == wait_status::cancelled) co_return;
      continue;
    }
    if (failures > 0) {
      log_.write(telemetry::log_level::info, "discovery responds again",
                 {{"upstream", std::string_view{target_.requests.host}}, {"source", to_string(target_.kind)}});
    }
    failures = 0;
    metrics_.record_success(loop::current().wall_now());
    if (apply(std::move(*found))) {
      auto notify_task = on_change();
      co_await std::move(notify_task);
    }
  }
}

duration watched_service::fail(const source_error& error, unsigned failures) {
  metrics_.errors.increment();
  first_attempt_->set();
  // Logs one line for an outage, not one for each attempt.
  const auto level = failures == 1 ? telemetry::log_level::warn : telemetry::log_level::debug;
  log_.write(level, "discovery failed; the known endpoints stay in use",
             {{"upstream", std::string_view{target_.requests.host}},
              {"source", to_string(target_.kind)},
              {"error", std::string_view{error}}});
  return policy::jittered_backoff(failures, min_retry_delay, max_retry_delay, loop::current().random());
}

bool watched_service::apply(endpoint_list endpoints) {
  normalize(endpoints);
  const auto now = loop::current().now();
  if (!endpoints.empty()) empty_since_.reset();
  std::size_t previous_count = 0;
  const auto new_count = endpoints.size();
  {
    const std::lock_guard lock{mutex_};
    if (endpoints_ == endpoints) return false;
    previous_count = endpoints_ ? endpoints_->size() : 0;
    if (endpoints.empty() && previous_count > 0) {
      const bool is_new = !empty_since_;
      if (is_new) empty_since_ = now;
      if (now - *empty_since_ < empty_list_delay) {
        if (!is_new) return false;
        log_.write(telemetry::log_level::warn,
                   "discovery reports no endpoints; the known endpoints stay in use until it confirms the empty list",
                   {{"upstream", std::string_view{target_.requests.host}}, {"source", to_string(target_.kind)}});
        return false;
      }
    }
    endpoints_ = std::move(endpoints);
  }
  first_attempt_->set();
  report_change(previous_count, new_count);
  return true;
}

void watched_service::report_change(std::size_t previous_count, std::size_t new_count) {
  metrics_.updates.increment();
  metrics_.record_endpoints(new_count);
  log_.write(telemetry::log_level::info, "endpoints changed",
             {{"upstream", std::string_view{target_.requests.host}},
              {"source", to_string(target_.kind)},
              {"before", static_cast<std::int64_t>(previous_count)},
              {"endpoints", static_cast<std::int64_t>(new_count)}});
}

task<result<endpoint_list>> watched_service::endpoints(deadline wait_deadline) {
  {
    const std::lock_guard lock{mutex_};
    if (endpoints_ && !endpoints_->empty()) co_return *endpoints_;
  }
  auto wait_task = first_attempt_->wait(wait_deadline);
  const auto status = co_await std::move(wait_task);
  if (status == wait_status::timed_out) co_return error_code{asio::error::timed_out};
  if (status == wait_status::cancelled) co_return error_code{asio::error::operation_aborted};
  const std::lock_guard lock{mutex_};
  if (!endpoints_) co_return error_code{asio::error::host_not_found_try_again};
  if (endpoints_->empty()) co_return error_code{asio::error::host_not_found};
  co_return *endpoints_;
}

}  // namespace cohort::discovery
