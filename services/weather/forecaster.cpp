#include "services/weather/forecaster.hpp"

#include "core/policy/backoff.hpp"

namespace cohort::weather {
namespace {

constexpr duration first_rest = std::chrono::seconds{5};
constexpr duration longest_rest = std::chrono::seconds{60};

/// Whether an error class tells of the provider and not of the place that was asked for.
bool is_about_provider(std::string_view error) noexcept {
  return error == "timeout" || error == "dns" || error == "connect" || error == "tls" || error == "reset" ||
         error == "status 429" || error.starts_with("status 5");
}

}  // namespace

forecaster::forecaster(service::kit with, settings how)
    : kit_(std::move(with)),
      settings_(std::move(how)),
      hits_(kit_.metrics.make_counter("weather_service_cache_hits_total", "Answers from a fresh cache entry.")),
      misses_(kit_.metrics.make_counter("weather_service_cache_misses_total", "Answers that needed the provider.")),
      reports_({.fresh_for = settings_.cache_time,
                .first_retry_after = first_rest,
                .longest_retry_after = longest_rest,
                .most_entries = settings_.most_places}) {}

task<forecaster::answer> forecaster::get(std::shared_ptr<forecaster> self, place where, deadline until) {
  const auto key = where.key();
  report_cache::decision known;
  std::shared_ptr<asker> waiting;
  {
    const std::lock_guard lock{self->mutex_};
    const auto now = loop::current().now();
    known = self->reports_.look_up(key, now, self->may_fetch(now));
    if (known.what == report_cache::action::fetch) ++self->fetching_;
    if (known.what == report_cache::action::rest) {
      known.retry_after = std::max(known.retry_after, self->provider_rests_until_ - now);
      if (known.last_error.empty()) known.last_error = self->provider_error_.empty() ? "busy" : self->provider_error_;
    }
    if (known.what == report_cache::action::fetch || known.what == report_cache::action::join) {
      waiting = std::make_shared<asker>();
      self->waiting_[key].push_back(waiting);
    }
  }
  if (known.what == report_cache::action::use) {
    self->hits_.increment();
    co_return answer{.weather = known.value, .from_cache = true, .age = known.age};
  }
  self->misses_.increment();
  if (known.what == report_cache::action::rest) co_return self->fallback(known, known.last_error);
  if (known.what == report_cache::action::fetch) self->kit_.work.spawn(fetch(self, std::move(where)));

  if (co_await waiting->fetched->wait(until) != wait_status::notified) co_return self->fallback(known, "timeout");
  // Not by way of the cache, which may have forgotten it by now.
  if (waiting->found) co_return answer{.weather = waiting->found};
  const std::lock_guard lock{self->mutex_};
  co_return self->fallback(self->reports_.peek(key, loop::current().now()), waiting->error);
}

forecaster::answer forecaster::fallback(const report_cache::decision& known, std::string error) const {
  answer made;
  made.error = std::move(error);
  made.retry_after = known.retry_after;
  if (known.value) {
    made.weather = known.value;
    made.from_cache = made.stale = true;
    made.age = known.age;
  }
  return made;
}

task<> forecaster::fetch(std::shared_ptr<forecaster> self, place where) {
  std::shared_ptr<const report> found;
  std::string error = "internal";
  try {
    error = co_await self->ask_provider(where, found);
  } catch (...) {
    self->finish(where.key(), nullptr, error);
    throw;
  }
  if (!error.empty() && error != "cancelled") {
    const auto key = where.key();
    self->kit_.log.write(telemetry::log_level::warn, "no weather from the provider",
                         {{"place", std::string_view{key}}, {"error", std::string_view{error}}});
  }
  self->finish(where.key(), found, error);
}

/// An error class; empty if `found` was.
task<std::string> forecaster::ask_provider(const place& where, std::shared_ptr<const report>& found) {
  http::client_request request;
  request.url = wttr_url(settings_.upstream, where);
  request.fields.emplace_back("Accept", "application/json");
  request.redirects = 3;
  const auto until = deadline::after(loop::current().now(), settings_.fetch_limit);
  const auto got = co_await kit_.client.call(std::move(request), until);
  if (!got) co_return std::string{http::error_class(got.error())};
  if (got->code != http::status::ok) co_return "status " + std::to_string(got->code_number);
  auto parsed = parse_wttr(got->body, where);
  if (!parsed) co_return "unexpected answer";
  found = std::make_shared<const report>(std::move(*parsed));
  co_return std::string{};
}

void forecaster::note_outcome(const std::string& error, time_point now) {
  if (!is_about_provider(error)) {
    provider_failures_ = 0;
    provider_error_.clear();
    return;
  }
  provider_error_ = error;
  provider_rests_until_ = now + policy::backoff(++provider_failures_, first_rest, longest_rest);
}

void forecaster::finish(const std::string& key, const std::shared_ptr<const report>& found, const std::string& error) {
  const std::lock_guard lock{mutex_};
  const auto now = loop::current().now();
  --fetching_;
  note_outcome(error, now);
  if (found) {
    reports_.store(key, found, now);
  } else {
    reports_.fail(key, error, now);
  }
  const auto waiting = waiting_.extract(key);
  if (!waiting) return;
  for (const auto& each : waiting.mapped()) {
    each->found = found;
    each->error = error;
    each->fetched->set();
  }
}

}  // namespace cohort::weather
