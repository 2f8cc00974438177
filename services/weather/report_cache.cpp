// SPDX-License-Identifier: BSL-1.0
#include "services/weather/report_cache.hpp"

namespace cohort::weather {
namespace {

constexpr std::string_view fetch_limit_error = "busy";

telemetry::counter& stale_counter(telemetry::registry& metrics, const char* reason) {
  return metrics.make_counter("weather_service_cache_stale_total",
                              "Stale reports served from the cache, by reason: a fetch in progress, or a failed fetch.",
                              {{"reason", reason}});
}

/// Returns the location with the coordinates of an earlier report, so that no geocoding is necessary.
location with_coordinates_of(location location, const weather_report* earlier) {
  if (earlier && earlier->requested.latitude && earlier->requested.longitude) {
    location.latitude = earlier->requested.latitude;
    location.longitude = earlier->requested.longitude;
  }
  return location;
}

}  // namespace

report_cache::report_cache(service::service_context context, settings settings)
    : context_(std::move(context)),
      settings_(std::move(settings)),
      hits_(context_.metrics.make_counter("weather_service_cache_hits_total", "Lookups served from the cache.")),
      misses_(context_.metrics.make_counter("weather_service_cache_misses_total", "Lookups that required a fetch.")),
      stale_while_revalidate_(stale_counter(context_.metrics, "revalidate")),
      stale_if_error_(stale_counter(context_.metrics, "error")),
      providers_(context_, settings_.providers),
      reports_({.max_age = settings_.max_age,
                .stale_while_revalidate = settings_.stale_while_revalidate,
                .max_entries = settings_.max_locations}),
      unknown_locations_({.max_age = settings_.unknown_location_max_age, .max_entries = settings_.max_locations}) {}

std::optional<report_cache::lookup_result> report_cache::find_unknown_location(const std::string& key) {
  const std::lock_guard lock{mutex_};
  const auto entry = unknown_locations_.peek(key, loop::current().now());
  if (!entry.value || entry.is_stale) return std::nullopt;
  hits_.increment();
  return lookup_result{.from_cache = true, .error = std::string{unknown_location_error}};
}

/// Counts the fetch and registers the waiter that the decision requires.
report_cache::reports::decision report_cache::decide(const std::string& key, std::shared_ptr<waiter>& new_waiter) {
  using enum reports::action;
  const std::lock_guard lock{mutex_};
  const auto now = loop::current().now();
  const auto cooldown = providers_.cooldown(now);
  auto decision = reports_.look_up(key, now, !cooldown && fetch_count_ < settings_.max_concurrent_fetches);
  if (decision.next_action == back_off) {
    if (cooldown) decision.retry_after = std::max(decision.retry_after, cooldown->retry_after);
    if (decision.last_error.empty()) decision.last_error = cooldown ? cooldown->error : fetch_limit_error;
  }
  if (decision.next_action == fetch || decision.next_action == revalidate) ++fetch_count_;
  if (decision.next_action == fetch || decision.next_action == join) {
    new_waiter = std::make_shared<waiter>();
    waiters_[key].push_back(new_waiter);
  }
  return decision;
}

task<report_cache::lookup_result> report_cache::get(std::shared_ptr<report_cache> self, location location,
                                                    deadline deadline) {
  using action = reports::action;
  const auto key = location.cache_key();
  if (auto unknown = self->find_unknown_location(key)) co_return std::move(*unknown);
  std::shared_ptr<waiter> new_waiter;
  const auto decision = self->decide(key, new_waiter);
  if (decision.next_action == action::fetch || decision.next_action == action::revalidate) {
    self->context_.background.spawn(fetch(self, with_coordinates_of(std::move(location), decision.value.get())));
  }
  if (decision.next_action == action::use || decision.next_action == action::revalidate) co_return self->hit(decision);
  self->misses_.increment();
  if (decision.next_action == action::back_off) co_return self->failure(decision, decision.last_error);

  if (co_await new_waiter->fetched->wait(deadline) != wait_status::notified)
    co_return self->failure(decision, "timeout");
  // Uses the fetched report, because the cache may already have evicted its entry.
  if (new_waiter->result.report) co_return lookup_result{.report = new_waiter->result.report};
  const std::lock_guard lock{self->mutex_};
  const auto now = loop::current().now();
  auto failed = self->reports_.peek(key, now);
  if (const auto cooldown = self->providers_.cooldown(now)) {
    failed.retry_after = std::max(failed.retry_after, cooldown->retry_after);
  }
  co_return self->failure(failed, new_waiter->result.failure.error);
}

report_cache::lookup_result report_cache::hit(const reports::decision& decision) {
  hits_.increment();
  if (decision.is_stale) stale_while_revalidate_.increment();
  return {.report = decision.value, .from_cache = true, .stale = decision.is_stale, .age = decision.age};
}

report_cache::lookup_result report_cache::failure(const reports::decision& decision, std::string error) {
  lookup_result result;
  result.error = std::move(error);
  result.retry_after = decision.retry_after;
  if (decision.value) {
    stale_if_error_.increment();
    result.report = decision.value;
    result.from_cache = result.stale = true;
    result.age = decision.age;
  }
  return result;
}

task<> report_cache::fetch(std::shared_ptr<report_cache> self, location location) {
  const auto key = location.cache_key();
  provider_chain::fetch_result result;
  result.failure.error = "internal";
  try {
    auto fetch_task = self->providers_.fetch(std::move(location));
    result = co_await std::move(fetch_task);
  } catch (...) {
    self->complete_fetch(key, result);
    throw;
  }
  self->complete_fetch(key, result);
}

void report_cache::complete_fetch(const std::string& key, const provider_chain::fetch_result& result) {
  if (result.report && settings_.on_new_report) settings_.on_new_report(*result.report);
  const std::lock_guard lock{mutex_};
  const auto now = loop::current().now();
  --fetch_count_;
  if (result.report) {
    reports_.store(key, result.report, now);
  } else {
    reports_.record_failure(key, result.failure.error, now);
    // If there was a report for the location, the location is known.
    if (result.is_unknown_to_all && !reports_.peek(key, now).value) {
      unknown_locations_.store(key, std::make_shared<const unknown_location_entry>(), now);
    }
  }
  const auto waiters = waiters_.extract(key);
  if (!waiters) return;
  for (const auto& waiter : waiters.mapped()) {
    waiter->result = result;
    waiter->fetched->set();
  }
}

}  // namespace cohort::weather
