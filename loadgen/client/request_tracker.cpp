// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/request_tracker.hpp"

#include <algorithm>

namespace cohort::loadgen {

deadline attempt_deadline(const scheduled_request& request, const load_settings& settings) noexcept {
  const auto request_end = request.intended_start + settings.timeout;
  if (!settings.callers.patience) return deadline{request_end};
  const auto attempt_start = request.attempt == 1 ? request.intended_start : request.retry_start;
  return deadline{std::min(request_end, attempt_start + *settings.callers.patience)};
}

request_tracker::request_tracker(loop& event_loop, const load_settings& settings)
    : loop_(event_loop), settings_(settings), recorder_(settings.profile.phases().size(), settings.targets.size()) {}

void request_tracker::on_scheduled(scheduled_request& request) {
  // The generator delayed a request that was due before the last request ended, so the request has no idle time.
  if (outstanding_ == 0 && last_end_ != time_point{} && request.intended_start >= last_end_) {
    request.idle_time = request.intended_start - last_end_;
  }
  auto& stats = stats_of(request);
  ++stats.planned;
  stats.dispatch_lag.record(request.dispatch_time - request.intended_start);
  ++outstanding_;
}

void request_tracker::end_without_attempt(const scheduled_request& request, request_outcome outcome) {
  const auto now = loop_.now();
  auto& stats = stats_of(request);
  ++stats.outcomes[static_cast<std::size_t>(outcome)];
  stats.response_time.record_censored(now - request.intended_start);
  count_abandoned(request, outcome);
  on_request_end(now);
}

void request_tracker::on_retry(const scheduled_request& request, request_outcome outcome) {
  ++stats_of(request).retries;
  count_abandoned(request, outcome);
}

void request_tracker::count_abandoned(const scheduled_request& request, request_outcome outcome) {
  if (!settings_.callers.patience || is_response(outcome) || outcome == request_outcome::unfinished) return;
  if (attempt_deadline(request, settings_).expired(loop_.now())) ++stats_of(request).abandoned;
}

void request_tracker::on_request_end(time_point now) {
  last_end_ = now;
  if (--outstanding_ == 0) idle_.notify_all();
}

active_request::active_request(request_tracker& tracker, const scheduled_request& schedule)
    : tracker_(tracker), schedule_(schedule) {
  ++tracker_.in_flight_;
}

active_request::~active_request() {
  if (!is_finished_) finish({request_outcome::unfinished});
}

void active_request::on_sent() {
  sent_time_ = tracker_.loop_.now();
  auto& stats = tracker_.stats_of(schedule_);
  ++stats.sent;
  stats.connection_wait.record(sent_time_ - schedule_.dispatch_time);
}

void active_request::finish(const request_result& result) {
  is_finished_ = true;
  const auto now = tracker_.loop_.now();
  const auto response_time = now - schedule_.intended_start;
  auto& stats = tracker_.stats_of(schedule_);
  ++stats.outcomes[static_cast<std::size_t>(result.outcome)];
  if (result.status != 0) ++stats.statuses[result.status];
  if (is_response(result.outcome)) {
    stats.response_time.record(response_time);
    stats.service_time.record(now - sent_time_);
    if (schedule_.idle_time && schedule_.attempt == 1)
      stats.idle_response_times.record(*schedule_.idle_time, response_time);
    const auto limit = tracker_.settings_.goodput_limit();
    if (limit && response_time <= *limit && is_success(result.outcome)) ++stats.on_time;
  } else if (result.outcome == request_outcome::unfinished || timeout().expired(now)) {
    // The response would have taken longer than the time observed. This does not apply to errors before the timeout.
    stats.response_time.record_censored(response_time);
  }
  tracker_.count_abandoned(schedule_, result.outcome);
  --tracker_.in_flight_;
  tracker_.on_request_end(now);
}

void active_request::finish_attempt(const request_result& result) {
  is_finished_ = true;
  tracker_.on_retry(schedule_, result.outcome);
  tracker_.last_end_ = tracker_.loop_.now();
  --tracker_.in_flight_;
}

}  // namespace cohort::loadgen
