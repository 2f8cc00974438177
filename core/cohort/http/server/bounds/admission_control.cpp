// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/bounds/admission_control.hpp>

#include <string>
#include <utility>

#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/platform/memory_reserve.hpp>

namespace cohort::http {
namespace {

using infeasible_action = admission_settings::infeasible_action;

std::string format_milliseconds(duration span) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(span).count()) + "ms";
}

response infeasible_response(duration remaining, duration required) {
  auto rejection =
      error_response(status::gateway_timeout, "The remaining time is shorter than this request usually takes");
  rejection.set(rejection_reason_field,
                "deadline; left=" + format_milliseconds(remaining) + "; usual=" + format_milliseconds(required));
  return rejection;
}

response shed_response() {
  auto rejection = overload_response("The server is overloaded, retry later");
  rejection.set(rejection_reason_field, "overload");
  rejection.set(overloaded_field, "true");
  return rejection;
}

}  // namespace

admission_control::admission_control(const admission_settings& settings, const router& routes, server_metrics& metrics,
                                     loop& event_loop)
    : settings_(settings),
      metrics_(metrics),
      loop_(event_loop),
      lag_monitor_(event_loop, settings.max_loop_lag_in_overload),
      burst_allowance_({.delay = settings.overload_delay, .max_burst = settings.max_burst}) {
  for (const auto& entry : routes.routes()) {
    auto& state = route_states_.emplace_back();
    if (entry->is_probe() || !entry->is_async()) continue;
    state = std::make_unique<route_state>(
        route_state{policy::deadline_admission{}, policy::concurrency_limiter{settings_.concurrency}});
    if (settings_.limit_concurrency) report_limit(*entry, *state);
  }
}

admission_control::permit::permit(admission_control& control, const route& requested_route,
                                  const request_context& context, bool is_exempt)
    : control_(control),
      route_(requested_route),
      context_(context),
      start_time_(control.loop_.now()),
      is_exempt_(is_exempt),
      decision_(control.admit(*this)) {}

admission_control::permit::~permit() {
  if (is_admitted()) control_.release(*this);
}

response admission_control::permit::rejection() const {
  return decision_ == decision::infeasible ? infeasible_response(remaining_time_, required_time_) : shed_response();
}

admission_control::permit::decision admission_control::admit(permit& request) {
  const auto& requested_route = request.route_;
  auto* state = route_states_[requested_route.index].get();
  if (!state) return permit::decision::admitted;
  if (memory_reserve::is_low()) {
    metrics_.on_shed(requested_route);
    return permit::decision::overload;
  }
  if (request.is_exempt_) return permit::decision::admitted;
  // The request may have arrived when the loop's current iteration started.
  const auto lag = lag_monitor_.current_lag();
  const auto remaining = request.context_.deadline().remaining(request.start_time_ + lag);
  const auto* selected = request.context_.matched_operation();
  const bool adapts_to_deadline = selected && selected->settings().adapts_to_deadline;
  if (settings_.deadline_admission != infeasible_action::ignore && !adapts_to_deadline) {
    if (const auto required = state->deadline_admission.required_time(remaining, request.start_time_)) {
      const bool is_rejected = settings_.deadline_admission == infeasible_action::reject;
      metrics_.on_infeasible(requested_route, is_rejected);
      request.remaining_time_ = remaining;
      request.required_time_ = *required;
      if (is_rejected) return permit::decision::infeasible;
    }
  }
  if (!settings_.limit_concurrency) return permit::decision::admitted;
  const bool is_overloaded = burst_allowance_.is_overload(lag_monitor_.lagging_duration(), request.start_time_);
  const auto max_lag = is_overloaded ? settings_.max_loop_lag_in_overload : settings_.max_loop_lag;
  if (lag <= max_lag && state->limiter.try_acquire()) return permit::decision::admitted;
  metrics_.on_shed(requested_route);
  return permit::decision::overload;
}

void admission_control::release(const permit& request) {
  auto* state = route_states_[request.route_.index].get();
  if (!state || request.is_exempt_) return;
  const auto now = loop_.now();
  const auto elapsed = now - request.start_time_;
  if (request.completion_ == permit::completion::responded) state->deadline_admission.record(elapsed, now);
  if (!settings_.limit_concurrency) return;
  if (request.completion_ == permit::completion::cancelled) {
    state->limiter.release();
  } else {
    // The latency of this server. This latency includes the time in the loop's queue, but not the time of upstream
    // calls.
    state->limiter.release(elapsed - request.context_.timing().wait_time() + lag_monitor_.current_lag(), now);
    report_limit(request.route_, *state);
  }
}

void admission_control::report_limit(const route& requested_route, route_state& state) {
  const auto limit = state.limiter.limit();
  const auto previous_limit = std::exchange(state.reported_limit, limit);
  metrics_.on_concurrency_limit(requested_route, static_cast<double>(limit) - static_cast<double>(previous_limit));
}

}  // namespace cohort::http
