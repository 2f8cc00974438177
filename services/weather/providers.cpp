#include "services/weather/providers.hpp"

#include "core/policy/backoff.hpp"
#include "services/weather/open_meteo.hpp"
#include "services/weather/wttr.hpp"

namespace cohort::weather {
namespace {

constexpr duration first_rest = std::chrono::seconds{5};
constexpr duration longest_rest = std::chrono::seconds{60};
constexpr std::string_view unexpected_answer = "unexpected answer";

/// Whether an error class tells of the provider and not of the place that was asked for.
bool is_about_provider(std::string_view error) noexcept {
  return error == "timeout" || error == "dns" || error == "connect" || error == "tls" || error == "reset" ||
         error == "protocol" || error == "too_big" || error == "shed" || error == "open" || error == "status 401" ||
         error == "status 403" || error == "status 429" || error.starts_with("status 3") ||
         error.starts_with("status 5");
}

/// Whether another provider may do better. wttr.in has sent a 200 with a few words when it was out of quota.
bool is_worth_asking_another(std::string_view error) noexcept {
  return is_about_provider(error) || error == unexpected_answer;
}

telemetry::counter& outcome_counter(telemetry::registry& metrics, std::string_view provider, const char* outcome) {
  return metrics.make_counter("weather_service_provider_requests_total",
                              "Times that a provider was asked for a report, by what came of it.",
                              {{"provider", std::string{provider}}, {"outcome", outcome}});
}

providers::answer as_answer(std::optional<report> parsed) {
  if (!parsed) return {.error = std::string{unexpected_answer}};
  return {.found = std::make_shared<const report>(std::move(*parsed))};
}

}  // namespace

http::upstream_settings providers::usual_policy() {
  http::upstream_settings how;
  how.limit = std::chrono::seconds{5};
  how.retry.most_attempts = 2;
  how.hedge.enabled = false;
  how.breaker.least_outcomes = 0;
  how.tells_deadline = false;
  return how;
}

providers::member::member(std::string_view called, const service::kit& with, const http::upstream_settings& how)
    : name(called),
      calls(with.upstream(std::string{called}, how)),
      ok(outcome_counter(with.metrics, called, "ok")),
      failed(outcome_counter(with.metrics, called, "error")) {}

void providers::member::note(const std::string& error, time_point now) {
  if (error == unexpected_answer) return;  // of this place, or of all: who knows
  if (!is_about_provider(error)) {
    failures = 0;
    rests_until = {};
    return;
  }
  last_error = error;
  // Those that were under way together fail together: that is one failure.
  if (rests_for(now) == duration::zero()) rests_until = now + policy::backoff(++failures, first_rest, longest_rest);
}

duration providers::member::rests_for(time_point now) const noexcept {
  return std::max(rests_until - now, duration::zero());
}

providers::providers(service::kit with, settings how)
    : kit_(std::move(with)),
      settings_(std::move(how)),
      first_(wttr_name, kit_, settings_.policy),
      second_(open_meteo_name, kit_, settings_.policy) {}

std::optional<providers::resting> providers::rest(time_point now) const {
  const std::lock_guard lock{mutex_};
  auto wait = first_.rests_for(now);
  if (settings_.fallback) wait = std::min(wait, second_.rests_for(now));
  if (wait == duration::zero()) return std::nullopt;
  return resting{first_.last_error, wait};
}

std::optional<std::string> providers::error_of_resting(const member& whom) const {
  const std::lock_guard lock{mutex_};
  if (whom.rests_for(loop::current().now()) == duration::zero()) return std::nullopt;
  return whom.last_error;
}

task<providers::answer> providers::ask(const place& where) {
  answer made;
  if (auto error = error_of_resting(first_)) {
    made.error = std::move(*error);
  } else {
    auto asking = ask_watched(first_, ask_wttr(where), where);
    made = co_await std::move(asking);
    if (!is_worth_asking_another(made.error)) co_return made;
  }
  if (!settings_.fallback || error_of_resting(second_)) co_return made;
  auto asking = ask_watched(second_, ask_open_meteo(where), where);
  auto instead = co_await std::move(asking);
  co_return instead.found ? std::move(instead) : std::move(made);
}

task<providers::answer> providers::ask_watched(member& whom, task<answer> asking, const place& where) {
  auto made = co_await std::move(asking);
  {
    const std::lock_guard lock{mutex_};
    whom.note(made.error, loop::current().now());
  }
  (made.found ? whom.ok : whom.failed).increment();
  if (!made.found && made.error != "cancelled") {
    const auto key = where.key();
    kit_.log.write(
        telemetry::log_level::warn, "no weather from the provider",
        {{"provider", whom.name}, {"place", std::string_view{key}}, {"error", std::string_view{made.error}}});
  }
  co_return made;
}

task<providers::answer> providers::ask_wttr(const place& where) {
  const auto until = deadline::after(loop::current().now(), settings_.policy.limit);
  auto getting = get(first_, wttr_url(settings_.first, where), until);
  auto got = co_await std::move(getting);
  if (!got.error.empty()) co_return answer{.error = std::move(got.error)};
  co_return as_answer(parse_wttr(got.body, where));
}

task<providers::answer> providers::ask_open_meteo(place where) {
  const auto until = deadline::after(loop::current().now(), settings_.policy.limit);
  if (!where.latitude) {
    auto getting = get(second_, geocoding_url(settings_.fallback->geocoding, where), until);
    auto got = co_await std::move(getting);
    if (!got.error.empty()) co_return answer{.error = std::move(got.error)};
    auto located = parse_geocoding(got.body, where);
    if (!located) co_return answer{.error = std::string{unexpected_answer}};
    if (!located->latitude) co_return answer{.error = "unknown place"};
    where = std::move(*located);
  }
  auto getting = get(second_, open_meteo_url(settings_.fallback->forecast, where), until);
  auto got = co_await std::move(getting);
  if (!got.error.empty()) co_return answer{.error = std::move(got.error)};
  co_return as_answer(parse_open_meteo(got.body, where));
}

/// An error class, or the body of a 200.
task<providers::reply> providers::get(member& whom, boost::urls::url from, deadline until) {
  http::client_request request;
  request.url = std::move(from);
  request.fields.emplace_back("Accept", "application/json");
  request.redirects = 3;
  auto calling = whom.calls.call(std::move(request), {}, remaining(until));
  auto got = co_await std::move(calling);
  reply made;
  if (!got.outcome) {
    made.error = http::error_class(got.outcome.error());
  } else if (got.outcome->code != http::status::ok) {
    made.error = "status " + std::to_string(got.outcome->code_number);
  } else {
    made.body = std::move(got.outcome->body);
  }
  co_return made;
}

}  // namespace cohort::weather
