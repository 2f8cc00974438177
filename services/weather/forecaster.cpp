#include "services/weather/forecaster.hpp"

namespace cohort::weather {
namespace {

telemetry::counter& stale_counter(telemetry::registry& metrics, const char* reason) {
  return metrics.make_counter("weather_service_cache_stale_total",
                              "Old reports given, by why: while a new one is fetched, or because that failed.",
                              {{"reason", reason}});
}

/// With the coordinates that an earlier report has, so that they need not be looked up again.
place located(place where, const report* known) {
  if (known && known->where.latitude && known->where.longitude) {
    where.latitude = known->where.latitude;
    where.longitude = known->where.longitude;
  }
  return where;
}

}  // namespace

forecaster::forecaster(service::kit with, settings how)
    : kit_(std::move(with)),
      settings_(std::move(how)),
      hits_(kit_.metrics.make_counter("weather_service_cache_hits_total", "Answers given from the cache at once.")),
      misses_(kit_.metrics.make_counter("weather_service_cache_misses_total", "Answers that needed a provider.")),
      revalidated_(stale_counter(kit_.metrics, "revalidate")),
      stale_for_error_(stale_counter(kit_.metrics, "error")),
      providers_(kit_, {.first = settings_.upstream, .fallback = settings_.fallback, .policy = settings_.calls}),
      reports_({.fresh_for = settings_.cache_time,
                .revalidate_for = settings_.revalidate_time,
                .most_entries = settings_.most_places}) {}

/// What to do for a key, with the fetch and the waiting that go with it taken on.
forecaster::report_cache::decision forecaster::decide(const std::string& key, std::shared_ptr<asker>& waiting) {
  using enum report_cache::action;
  const std::lock_guard lock{mutex_};
  const auto now = loop::current().now();
  const auto resting = providers_.rest(now);
  auto known = reports_.look_up(key, now, !resting && fetching_ < settings_.most_fetches);
  if (known.what == rest) {
    if (resting) known.retry_after = std::max(known.retry_after, resting->retry_after);
    if (known.last_error.empty()) known.last_error = resting ? resting->error : "busy";
  }
  if (known.what == fetch || known.what == revalidate) ++fetching_;
  if (known.what == fetch || known.what == join) {
    waiting = std::make_shared<asker>();
    waiting_[key].push_back(waiting);
  }
  return known;
}

task<forecaster::answer> forecaster::get(std::shared_ptr<forecaster> self, place where, deadline until) {
  using action = report_cache::action;
  const auto key = where.key();
  std::shared_ptr<asker> waiting;
  const auto known = self->decide(key, waiting);
  if (known.what == action::fetch || known.what == action::revalidate) {
    self->kit_.work.spawn(fetch(self, located(std::move(where), known.value.get())));
  }
  if (known.what == action::use || known.what == action::revalidate) co_return self->from_cache(known);
  self->misses_.increment();
  if (known.what == action::rest) co_return self->fallback(known, known.last_error);

  if (co_await waiting->fetched->wait(until) != wait_status::notified) co_return self->fallback(known, "timeout");
  // Not by way of the cache, which may have forgotten it by now.
  if (waiting->got.found) co_return answer{.weather = waiting->got.found};
  const std::lock_guard lock{self->mutex_};
  co_return self->fallback(self->reports_.peek(key, loop::current().now()), waiting->got.error);
}

forecaster::answer forecaster::from_cache(const report_cache::decision& known) {
  hits_.increment();
  if (known.stale) revalidated_.increment();
  return {.weather = known.value, .from_cache = true, .stale = known.stale, .age = known.age};
}

forecaster::answer forecaster::fallback(const report_cache::decision& known, std::string error) {
  answer made;
  made.error = std::move(error);
  made.retry_after = known.retry_after;
  if (known.value) {
    stale_for_error_.increment();
    made.weather = known.value;
    made.from_cache = made.stale = true;
    made.age = known.age;
  }
  return made;
}

task<> forecaster::fetch(std::shared_ptr<forecaster> self, place where) {
  const auto key = where.key();
  providers::answer got;
  got.error = "internal";
  try {
    auto asking = self->providers_.ask(where);
    got = co_await std::move(asking);
  } catch (...) {
    self->finish(key, got);
    throw;
  }
  self->finish(key, got);
}

void forecaster::finish(const std::string& key, const providers::answer& got) {
  const std::lock_guard lock{mutex_};
  const auto now = loop::current().now();
  --fetching_;
  if (got.found) {
    reports_.store(key, got.found, now);
  } else {
    reports_.fail(key, got.error, now);
  }
  const auto waiting = waiting_.extract(key);
  if (!waiting) return;
  for (const auto& each : waiting.mapped()) {
    each->got = got;
    each->fetched->set();
  }
}

}  // namespace cohort::weather
