// SPDX-License-Identifier: BSL-1.0
#include "services/weather/app.hpp"

#include <boost/url/parse.hpp>

#include <cohort/http/server/input/input.hpp>
#include <cohort/runtime/version.hpp>
#include <cohort/telemetry/requests/call_recording.hpp>
#include "services/messaging/broker_setting.hpp"
#include "services/weather/providers_report.hpp"
#include "services/weather/report_announcer.hpp"
#include "services/weather/report_json.hpp"
#include "services/weather/report_schema.hpp"

namespace cohort::weather {
namespace {

/// Part of the remaining time of the caller that is reserved for the response.
constexpr duration response_reserve = std::chrono::milliseconds{100};

config::value_parser<std::optional<boost::urls::url>> http_url_or_none() {
  using optional_url = std::optional<boost::urls::url>;
  auto url = config::http_url();
  return {[parse = std::move(url.parse)](std::string_view text) -> std::optional<optional_url> {
            if (text == "none") return std::optional<optional_url>{std::in_place};
            auto parsed = parse(text);
            return parsed ? std::optional<optional_url>{std::move(parsed)} : std::nullopt;
          },
          url.accepted_values + ", or none"};
}

/// The outcome of a lookup in the cache, in the record of the request.
std::string_view lookup_outcome(const report_cache::lookup_result& result) noexcept {
  if (!result.report && !result.from_cache) return "failed";
  if (!result.from_cache) return "miss";
  return result.stale ? "stale" : "hit";
}

struct weather_routes {
  std::shared_ptr<report_cache> cache;
  location configured_location;
  duration fetch_timeout;

  static task<http::response> current(std::shared_ptr<const weather_routes> self, http::request_context& context) {
    auto requested = std::optional{self->configured_location};
    http::input in{context};
    if (const auto text = in.query<std::optional<std::string>>("location")) requested = parse_location(*text);
    if (!in || !requested) {
      co_return http::error_response(http::status::bad_request,
                                     "location must be one City,Country, such as Paris,France: UTF-8 without control "
                                     "characters, at most 256 bytes");
    }
    const auto deadline = derive_deadline(context.deadline(), loop::current().now(),
                                          self->fetch_timeout + response_reserve, response_reserve);
    const telemetry::server_timing::scoped_wait provider_wait{&context.timing()};
    telemetry::call_recording recording{context.timing().recording().get(), "reports", loop::current().now(), deadline,
                                        telemetry::call_kind::cache};
    const auto result = co_await report_cache::get(self->cache, *requested, deadline);
    recording.end(lookup_outcome(result));
    co_return report_response(result, *requested);
  }
};

struct program_settings {
  boost::urls::url wttr{*boost::urls::parse_uri("https://wttr.in")};
  std::optional<boost::urls::url> fallback{*boost::urls::parse_uri("https://api.open-meteo.com")};
  boost::urls::url geocoding{*boost::urls::parse_uri("https://geocoding-api.open-meteo.com")};
  http::upstream_settings policy = provider_chain::default_policy();
  bool sample = false;
  std::chrono::seconds max_age{600};
  location configured_location = default_location();
  broker_setting broker;

  void add_to(config::options& options) {
    options.add(wttr,
                {"--weather-upstream-url", "WEATHER_UPSTREAM_URL", "URL of the weather provider (wttr.in j1 API)"},
                config::http_url(), "https://wttr.in");
    options.add(
        fallback,
        {"--weather-fallback-url", "WEATHER_FALLBACK_URL", "URL of the fallback provider (Open-Meteo forecast API)"},
        http_url_or_none(), "https://api.open-meteo.com");
    options.add(geocoding,
                {"--weather-geocoding-url", "WEATHER_GEOCODING_URL",
                 "URL of the geocoding service of the fallback provider (Open-Meteo geocoding API)"},
                config::http_url(), "https://geocoding-api.open-meteo.com");
    options.add(policy, {"--weather-upstream-policy", "WEATHER_UPSTREAM_POLICY", "Policy for calls to providers"},
                http::upstream_policy(policy), "see core/README.md");
    options.add_switch(sample, {"--weather-sample", "WEATHER_SAMPLE",
                                "Serve a built-in report that is marked as a sample, instead of calling providers"});
    options.add(max_age,
                {"--weather-cache-seconds", "WEATHER_CACHE_SECONDS", "Time in seconds for which a report is fresh"},
                config::seconds(1, 86'400), "600");
    options.add(configured_location, {"--weather-location", "WEATHER_LOCATION", "Default location"},
                config::value_parser<location>{parse_location, "City,Country such as Haifa,Israel"}, "Haifa,Israel");
    broker.add_to(options, "--weather-messaging-url",
                  "Message broker to which each new report is published, such as amqp://user:password@rabbitmq");
  }

  report_cache::settings cache_settings() const {
    std::optional<open_meteo_urls> open_meteo;
    if (fallback) open_meteo = open_meteo_urls{*fallback, geocoding};
    return {.providers = {.wttr = wttr, .open_meteo = std::move(open_meteo), .policy = policy, .sample = sample},
            .max_age = max_age};
  }
};

}  // namespace

http::router app(service::service_context context, report_cache::settings settings, location configured_location) {
  const auto fetch_timeout = settings.providers.policy.timeout;
  auto cache = std::make_shared<report_cache>(std::move(context), std::move(settings));
  auto routes = std::make_shared<const weather_routes>(
      weather_routes{std::move(cache), std::move(configured_location), fetch_timeout});
  http::router router;
  // Most requests are served from the cache, so the median latency of the route does not predict the duration of a
  // single request.
  auto& current =
      router
          .get("/api/weather",
               [routes](http::request_context& request) { return weather_routes::current(routes, request); })
          .adapts_to_deadline();
  describe_report(current);
  describe_providers(router.get("/api/weather/providers", [routes](http::request_context&) {
    return providers_response(routes->cache->providers().statuses(loop::current().now()));
  }));
  return router;
}

service::definition definition() {
  auto settings = std::make_shared<program_settings>();
  service::definition definition;
  definition.name = "weather-service";
  definition.metric_prefix = "weather_service";
  definition.description = "Serves weather reports of wttr.in or Open-Meteo, cached: GET /api/weather";
  definition.version = version();
  definition.port = 5003;
  definition.deadline_admission = http::admission_settings::infeasible_action::reject;
  definition.add_options = [settings](config::options& options) { settings->add_to(options); };
  definition.app = [settings](service::service_context& context, service::api_key_authenticator&) {
    auto cache = settings->cache_settings();
    if (auto endpoint = settings->broker.resolve(context)) {
      auto announcer = std::make_shared<report_announcer>(context, std::move(*endpoint), settings->configured_location);
      announcer->add_to(context);
      cache.on_new_report = [announcer](const weather_report& report) { announcer->announce(report); };
    }
    return app(context, std::move(cache), settings->configured_location);
  };
  return definition;
}

}  // namespace cohort::weather
