// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/provider_chain.hpp"

#include "services/weather/providers/open_meteo.hpp"
#include "services/weather/providers/sample_report.hpp"
#include "services/weather/providers/wttr.hpp"

namespace cohort::weather {
namespace {

telemetry::counter& outcome_counter(telemetry::registry& metrics, std::string_view provider, const char* outcome) {
  return metrics.make_counter("weather_service_provider_requests_total",
                              "Reports requested from weather providers, by provider and outcome.",
                              {{"provider", std::string{provider}}, {"outcome", outcome}});
}

/// Whether the request was not sent, for a reason that is independent of the request.
bool is_unreachable(http::client_error error) noexcept {
  using enum http::client_error;
  const auto error_class = http::error_class(error);
  return error_class == "connect" || error_class == "dns" || error_class == "tls" || error == resolve_timeout ||
         error == connect_timeout || error == tls_timeout || error == breaker_open || error == bulkhead_full ||
         error == rate_limited;
}

/// `is_redirected` means that the request that failed was sent to another server because of a redirect. A redirect
/// target is not the provider.
provider_failure failure_of(http::client_error error, bool is_redirected) {
  const bool is_provider_unreachable = is_unreachable(error) && !is_redirected;
  return {is_provider_unreachable ? failure_kind::provider_unreachable : failure_kind::request_failed,
          std::string{http::error_class(error)}};
}

/// Whether the response has a report. 203 means that a proxy has modified the report (RFC 9110 section 15.3.4).
bool has_report(http::status status) noexcept {
  return status == http::status::ok || status == http::status::non_authoritative_information;
}

/// The failure for a response without a report. `is_redirected`: see above.
provider_failure failure_of(const http::client_response& response, std::string_view provider, bool is_redirected) {
  if (provider == wttr_name &&
      (is_unknown_location_status(response.status) || is_unknown_location_text(response.body))) {
    return unknown_location();
  }
  // A rate limit applies to this client, not to the requested location.
  const bool is_rate_limited = response.status == http::status::too_many_requests && !is_redirected;
  return {is_rate_limited ? failure_kind::provider_unreachable : failure_kind::request_failed,
          "status " + std::to_string(response.status_code())};
}

report_result report_for_other_place(weather_report report, report_area other) {
  report.area = std::move(other);
  report.requested.latitude.reset();
  report.requested.longitude.reset();
  return std::make_shared<const weather_report>(std::move(report));
}

}  // namespace

http::upstream_settings provider_chain::default_policy() {
  http::upstream_settings policy;
  policy.timeout = std::chrono::seconds{5};
  policy.retry.max_attempts = 2;
  policy.hedging.is_enabled = false;
  policy.breaker.min_calls = 0;
  policy.propagate_deadline = false;
  return policy;
}

provider_chain::provider::provider(std::string_view called, const service::service_context& context,
                                   const http::upstream_settings& policy)
    : name(called),
      upstream(context.make_upstream(std::string{called}, policy)),
      successes(outcome_counter(context.metrics, called, "ok")),
      unknown_locations(outcome_counter(context.metrics, called, "unknown_location")),
      errors(outcome_counter(context.metrics, called, "error")) {}

duration provider_chain::provider::cooldown(time_point now) const noexcept {
  return std::max(health.cooldown(now), upstream.rate_limit_wait(now));
}

std::string provider_chain::provider::cooldown_error(time_point now) const {
  return health.cooldown(now) > duration::zero() ? health.cooldown_error() : "status 429";
}

provider_chain::provider_chain(service::service_context context, settings settings)
    : context_(std::move(context)),
      settings_(std::move(settings)),
      wttr_(wttr_name, context_, settings_.policy),
      open_meteo_(open_meteo_name, context_, settings_.policy) {}

std::optional<provider_chain::cooldown_state> provider_chain::cooldown(time_point now) const {
  const std::lock_guard lock{mutex_};
  auto remaining = wttr_.cooldown(now);
  if (settings_.open_meteo) remaining = std::min(remaining, open_meteo_.cooldown(now));
  if (remaining == duration::zero()) return std::nullopt;
  return cooldown_state{wttr_.cooldown_error(now), remaining};
}

std::vector<provider_status> provider_chain::statuses(time_point now) const {
  std::vector<provider_status> found;
  if (settings_.sample) return found;
  const auto add = [&](const provider& from) {
    const auto failures = from.errors.value();
    const auto requests = from.successes.value() + from.unknown_locations.value() + failures;
    const auto cooldown = std::chrono::ceil<std::chrono::milliseconds>(from.cooldown(now));
    found.push_back({std::string{from.name}, static_cast<std::uint64_t>(requests), static_cast<std::uint64_t>(failures),
                     cooldown.count()});
  };
  const std::lock_guard lock{mutex_};
  add(wttr_);
  if (settings_.open_meteo) add(open_meteo_);
  return found;
}

std::optional<std::string> provider_chain::cooldown_error(const provider& provider) const {
  const std::lock_guard lock{mutex_};
  const auto now = loop::current().now();
  if (provider.cooldown(now) == duration::zero()) return std::nullopt;
  return provider.cooldown_error(now);
}

task<provider_chain::fetch_result> provider_chain::fetch(location location) {
  if (settings_.sample) {
    co_return fetch_result{.report = std::make_shared<const weather_report>(sample_report(location))};
  }
  fetch_result outcome;
  if (auto error = cooldown_error(wttr_)) {
    outcome.failure = {failure_kind::provider_unreachable, std::move(*error)};
  } else {
    auto fetch_task = fetch_wttr(location);
    const auto first = co_await std::move(fetch_task);
    record(wttr_, first, location);
    if (first) co_return fetch_result{.report = *first};
    outcome.failure = first.error();
  }
  const bool is_unknown_to_wttr = outcome.failure.kind == failure_kind::location_unknown;
  const bool is_cancelled = outcome.failure.error == http::error_class(http::client_error::cancelled);
  if (!settings_.open_meteo) outcome.is_unknown_to_all = is_unknown_to_wttr;
  if (!settings_.open_meteo || is_cancelled || cooldown_error(open_meteo_)) co_return outcome;
  auto fetch_task = fetch_open_meteo(location);
  const auto second = co_await std::move(fetch_task);
  record(open_meteo_, second, location);
  if (second) co_return fetch_result{.report = *second};
  const bool is_unknown_to_open_meteo = second.error().kind == failure_kind::location_unknown;
  outcome.is_unknown_to_all = is_unknown_to_wttr && is_unknown_to_open_meteo;
  if (is_unknown_to_open_meteo) outcome.failure = second.error();
  co_return outcome;
}

void provider_chain::record(provider& from, const report_result& outcome, const location& location) {
  if (outcome) {
    from.successes.increment();
    const std::lock_guard lock{mutex_};
    return from.health.record_response();
  }
  const auto& failure = outcome.error();
  const auto key = location.cache_key();
  (failure.kind == failure_kind::location_unknown ? from.unknown_locations : from.errors).increment();
  if (failure.error == http::error_class(http::client_error::cancelled)) return;
  context_.log.write(
      telemetry::log_level::warn, "no weather report from provider",
      {{"provider", from.name}, {"location", std::string_view{key}}, {"error", std::string_view{failure.error}}});
  const std::lock_guard lock{mutex_};
  from.health.record_failure(failure, key, loop::current().now());
}

deadline provider_chain::deadline_from_now() const {
  return deadline::after(loop::current().now(), settings_.policy.timeout);
}

task<report_result> provider_chain::fetch_wttr(location location) {
  auto get_task = get_body(wttr_, wttr_url(settings_.wttr, location), deadline_from_now());
  const auto body = co_await std::move(get_task);
  if (!body) co_return body.error();
  co_return parse_wttr(*body, location);
}

task<report_result> provider_chain::fetch_open_meteo(location location) {
  const auto fetch_deadline = deadline_from_now();
  geocoded_place place{std::move(location)};
  if (!place.found.latitude || !place.found.longitude) {
    auto geocode_task = geocode(std::move(place.found), fetch_deadline);
    auto geocoding_result = co_await std::move(geocode_task);
    if (!geocoding_result) co_return geocoding_result.error();
    place = std::move(*geocoding_result);
  }
  auto get_task = get_body(open_meteo_, open_meteo_url(settings_.open_meteo->forecast, place.found), fetch_deadline);
  const auto body = co_await std::move(get_task);
  if (!body) co_return body.error();
  auto report = parse_open_meteo(*body, place.found);
  if (report && place.different_place) report = report_for_other_place(**report, std::move(*place.different_place));
  co_return report;
}

task<result<geocoded_place, provider_failure>> provider_chain::geocode(location location, deadline fetch_deadline) {
  auto get_task = get_body(open_meteo_, geocoding_url(settings_.open_meteo->geocoding, location), fetch_deadline);
  const auto body = co_await std::move(get_task);
  if (!body) co_return body.error();
  co_return parse_geocoding(*body, location);
}

/// The body of a response with a report.
task<result<std::string, provider_failure>> provider_chain::get_body(provider& from, boost::urls::url url,
                                                                     deadline fetch_deadline) {
  constexpr unsigned max_redirects = 3;
  http::client_request request;
  request.url = std::move(url);
  request.fields.emplace_back("Accept", "application/json");
  request.max_redirects = max_redirects;
  const auto provider_origin = http::origin_of(request.url);
  constexpr call_context context{.deadline = deadline::never()};
  auto call_task = from.upstream.call_in_place(request, context, remaining(fetch_deadline));
  auto call = co_await std::move(call_task);
  const bool is_redirected = http::origin_of(request.url) != provider_origin;
  if (!call.response) co_return failure_of(call.response.error(), is_redirected);
  if (!has_report(call.response->status)) co_return failure_of(*call.response, from.name, is_redirected);
  co_return std::move(call.response->body);
}

}  // namespace cohort::weather
