#include "services/weather/providers.hpp"

#include "core/policy/backoff.hpp"
#include "services/weather/open_meteo.hpp"
#include "services/weather/wttr.hpp"

namespace cohort::weather {
namespace {

constexpr duration first_rest = std::chrono::seconds{5};
constexpr duration longest_rest = std::chrono::seconds{60};

/// Whether an error class tells of the provider and not of the place that was asked for.
bool is_about_provider(std::string_view error) noexcept {
  return error == "timeout" || error == "dns" || error == "connect" || error == "tls" || error == "reset" ||
         error == "status 429" || error.starts_with("status 5");
}

telemetry::counter& outcome_counter(telemetry::registry& metrics, std::string_view provider, const char* outcome) {
  return metrics.make_counter("weather_service_provider_requests_total",
                              "Times that a provider was asked for a report, by what came of it.",
                              {{"provider", std::string{provider}}, {"outcome", outcome}});
}

providers::answer as_answer(std::optional<report> parsed) {
  if (!parsed) return {.error = "unexpected answer"};
  return {.found = std::make_shared<const report>(std::move(*parsed))};
}

}  // namespace

providers::member::member(std::string_view called, telemetry::registry& metrics)
    : name(called), ok(outcome_counter(metrics, called, "ok")), failed(outcome_counter(metrics, called, "error")) {}

void providers::member::note(const std::string& error, time_point now) {
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
      first_(wttr_name, kit_.metrics),
      second_(open_meteo_name, kit_.metrics) {}

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
    if (!is_about_provider(made.error)) co_return made;
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
  const auto until = deadline::after(loop::current().now(), settings_.limit);
  auto getting = get(wttr_url(settings_.first, where), until);
  auto got = co_await std::move(getting);
  if (!got.error.empty()) co_return answer{.error = std::move(got.error)};
  co_return as_answer(parse_wttr(got.body, where));
}

task<providers::answer> providers::ask_open_meteo(place where) {
  const auto until = deadline::after(loop::current().now(), settings_.limit);
  if (!where.latitude) {
    auto getting = get(geocoding_url(settings_.fallback->geocoding, where), until);
    auto got = co_await std::move(getting);
    if (!got.error.empty()) co_return answer{.error = std::move(got.error)};
    auto located = parse_geocoding(got.body, where);
    if (!located) co_return answer{.error = "unexpected answer"};
    if (!located->latitude) co_return answer{.error = "unknown place"};
    where = std::move(*located);
  }
  auto getting = get(open_meteo_url(settings_.fallback->forecast, where), until);
  auto got = co_await std::move(getting);
  if (!got.error.empty()) co_return answer{.error = std::move(got.error)};
  co_return as_answer(parse_open_meteo(got.body, where));
}

/// The one place where a provider is called. An error class, or the body of a 200.
task<providers::reply> providers::get(boost::urls::url from, deadline until) {
  http::client_request request;
  request.url = std::move(from);
  request.fields.emplace_back("Accept", "application/json");
  request.redirects = 3;
  auto calling = kit_.client.call(std::move(request), until);
  auto got = co_await std::move(calling);
  reply made;
  if (!got) {
    made.error = http::error_class(got.error());
  } else if (got->code != http::status::ok) {
    made.error = "status " + std::to_string(got->code_number);
  } else {
    made.body = std::move(got->body);
  }
  co_return made;
}

}  // namespace cohort::weather
