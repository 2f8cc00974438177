// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/upstream.hpp>

#include <cohort/http/client/upstream/active_call.hpp>
#include <cohort/telemetry/server_timing.hpp>

namespace cohort::http {
namespace {

/// Returns `max_reserve`, but at most a quarter of the remaining time, so that a call with a short remaining time is
/// still made.
duration reserve_for(deadline caller_deadline, time_point now, duration max_reserve) noexcept {
  return std::min(max_reserve, caller_deadline.remaining(now) / 4);
}

}  // namespace

upstream::upstream(client& transport, telemetry::registry& metrics, telemetry::logger log, std::string name,
                   upstream_settings settings)
    : transport_(transport),
      name_(std::move(name)),
      settings_(settings),
      log_(std::move(log)),
      registry_(&metrics),
      metrics_(std::make_unique<upstream_metrics>(metrics, name_)),
      hold_(std::make_unique<rate_limit_hold>()),
      loop_states_(transport.loop_count()) {}

upstream::loop_state::loop_state(const upstream& owner)
    : directory(&owner.transport_.upstreams()),
      name(owner.name_),
      timeout(owner.settings_.timeout),
      max_in_flight(owner.settings_.max_in_flight),
      budget(owner.settings_.budget),
      breaker(owner.settings_.breaker),
      hedging(owner.settings_.hedging),
      bulkhead(owner.settings_.max_in_flight) {
  directory->add(loop::current().index(), *this);
}

upstream::loop_state::~loop_state() {
  if (directory) directory->remove(*this);
}

std::optional<origin> upstream::loop_state::origin_of(const boost::urls::url& url) {
  const std::string_view text = url.encoded_origin();
  const std::string_view path = url.encoded_path();
  if (target && text == target_text && path.starts_with('/')) return target;
  auto found = http::origin_of(url);
  if (found) {
    target = found;
    target_text = text;
  }
  return found;
}

upstream_status upstream::loop_state::status(time_point now) {
  return {.name = name,
          .target = target,
          .timeout = timeout,
          .breaker = breaker.current_state(),
          .breaker_retry_after = breaker.retry_after(now),
          .retry_budget = budget.balance(now),
          .in_flight = bulkhead.in_flight(),
          .max_in_flight = max_in_flight,
          .hedge_delay = hedging.delay(timeout, now),
          .median_latency = hedging.median(now)};
}

upstream::~upstream() = default;
upstream::upstream(upstream&&) noexcept = default;

upstream::loop_state& upstream::current_loop_state() {
  auto& state = loop_states_.at(loop::current().index());
  if (!state) {
    state = std::make_unique<loop_state>(*this);
    metrics_->record_breaker_created();
  }
  return *state;
}

deadline upstream::call_deadline_of(const call_context& context, time_point started, duration max_timeout) const {
  const auto reserve = reserve_for(context.deadline, started, settings_.reserve);
  return derive_deadline(context.deadline, started, max_timeout, reserve);
}

void call_middleware::on_request(client_request&, const call_context&) {}
void call_middleware::on_response(const client_request&, client_result&) {}

upstream& upstream::use(std::shared_ptr<call_middleware> middleware) {
  middleware_.push_back(std::move(middleware));
  return *this;
}

void upstream::notify_response(const client_request& request, client_result& result) const {
  for (auto step = middleware_.rbegin(); step != middleware_.rend(); ++step) (*step)->on_response(request, result);
}

/// Adds the header fields of each request.
void upstream::prepare_request(client_request& request, const call_context& context) const {
  for (const auto& step : middleware_) step->on_request(request, context);
  request.request_id = context.request_id;
  request.trace = context.trace;
}

task<upstream_result> upstream::call(client_request request, call_context context, std::optional<duration> timeout) {
  auto call_task = call_in_place(request, context, timeout);
  co_return co_await std::move(call_task);
}

task<upstream_result> upstream::call_in_place(client_request& request, call_context context,
                                              std::optional<duration> timeout) {
  const auto started = loop::current().now();
  const auto max_timeout = timeout.value_or(settings_.timeout);
  const auto call_deadline = call_deadline_of(context, started, max_timeout);
  auto& state = current_loop_state();
  auto target = state.origin_of(request.url);
  upstream_result result{.response = client_error::invalid_request, .timeout = call_deadline.remaining(started)};
  telemetry::call_recording recording{telemetry::find_request_record(context), name_, started, call_deadline};
  auto now = started;
  if (target) {
    const telemetry::server_timing::scoped_wait wait{context.timing};
    prepare_request(request, context);
    const bool timeout_is_failure = result.timeout * 2 >= max_timeout;
    active_call call{*this, state, request, *target, call_deadline, context.request_id, timeout_is_failure, recording};
    auto run_task = call.run(started);
    result.response = co_await std::move(run_task);
    notify_response(request, result.response);
    result.attempts = call.total_attempts();
    now = loop::current().now();
    report_addresses(state, *target, now);
  }
  result.elapsed = now - started;
  metrics_->record_call(result.response, result.elapsed, context.trace, now);
  recording.end(outcome_label(result.response), now);
  if (context.timing) context.timing->add(name_, result.elapsed, outcome_label(result.response));
  co_return result;
}

void upstream::report_breaker(policy::circuit_breaker::state before, policy::circuit_breaker::state after) {
  if (before == after) return;
  metrics_->record_breaker_transition(before, after);
  const auto level =
      after == policy::circuit_breaker::state::open ? telemetry::log_level::warn : telemetry::log_level::info;
  log_.write(
      level, "circuit breaker changed state",
      {{"upstream", std::string_view{name_}}, {"from", policy::to_string(before)}, {"to", policy::to_string(after)}});
}

void upstream::report_addresses(loop_state& state, const origin& target, time_point now) {
  const auto addresses = transport_.addresses(target, now);
  metrics_->record_addresses(state.reported_addresses, addresses);
  state.reported_addresses = addresses;
}

}  // namespace cohort::http
