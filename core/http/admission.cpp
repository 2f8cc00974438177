#include "core/http/admission.hpp"

namespace cohort::http {
namespace {

std::string in_milliseconds(duration span) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(span).count()) + "ms";
}

response hopeless(duration left, duration needed) {
  auto refusal = error_response(status::gateway_timeout, "There is less time left than this usually takes");
  refusal.set(refused_field, "deadline; left=" + in_milliseconds(left) + "; usual=" + in_milliseconds(needed));
  return refusal;
}

response too_much() {
  auto refusal = error_response(status::service_unavailable, "Too much to do, try again later");
  refusal.set("Retry-After", "1");
  refusal.set(refused_field, "overload");
  refusal.set(overloaded_field, "true");
  return refusal;
}

}  // namespace

admission::admission(const admission_settings& how, const router& routes, server_metrics& metrics, loop& home)
    : how_(how), metrics_(metrics), home_(home), lag_(home, how.longest_round_when_behind) {
  for (const auto& each : routes.routes()) {
    auto& added = doors_.emplace_back();
    if (each->is_probe || !each->awaits()) continue;
    added = std::make_unique<door>(door{policy::feasibility{}, policy::concurrency_limiter{how_.concurrency}});
    if (how_.limits_concurrency) tell_limit(*each, *added);
  }
}

admission::visit::visit(admission& door, const route& to, request_context& context)
    : door_(door), route_(to), context_(context), began_(door.home_.now()) {
  refusal = door_.enter(to, context, began_);
}

admission::visit::~visit() {
  if (!refusal) door_.leave(route_, context_, began_, ended);
}

std::optional<response> admission::enter(const route& to, const request_context& context, time_point now) {
  auto* at = doors_[to.index].get();
  if (!at) return std::nullopt;
  // What is ready now came about when the round began: that long its caller has waited already.
  const auto lag = lag_.of_this_round();
  const auto left = context.until().remaining(now + lag);
  if (how_.deadlines != admission_settings::hopeless::ignore && !to.adapts_to_deadline) {
    if (const auto needed = at->usual.shortfall(left, now)) {
      const bool refuses = how_.deadlines == admission_settings::hopeless::refuse;
      metrics_.on_hopeless(to, refuses);
      if (refuses) return hopeless(left, *needed);
    }
  }
  if (!how_.limits_concurrency) return std::nullopt;
  const auto longest = lag_.behind_for() < how_.behind_after ? how_.longest_round : how_.longest_round_when_behind;
  if (lag <= longest && at->limiter.try_enter()) return std::nullopt;
  metrics_.on_shed(to);
  return too_much();
}

void admission::leave(const route& from, request_context& context, time_point began, visit::end how) {
  auto* at = doors_[from.index].get();
  if (!at) return;
  const auto now = home_.now();
  if (how == visit::end::answered) at->usual.record(now - began, now);
  if (!how_.limits_concurrency) return;
  if (how == visit::end::cut_short) {
    at->limiter.leave();
  } else {
    // What others were waited for is theirs; what is ready on this loop and waits for its turn is ours.
    at->limiter.leave(now - began - context.timing().waited() + lag_.of_this_round(), now);
    tell_limit(from, *at);
  }
}

void admission::tell_limit(const route& of, door& at) {
  const auto limit = at.limiter.limit();
  metrics_.on_limit(of, static_cast<double>(limit) - static_cast<double>(std::exchange(at.told_limit, limit)));
}

}  // namespace cohort::http
