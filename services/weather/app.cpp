#include "services/weather/app.hpp"

#include <boost/url/parse.hpp>

#include "core/json/writer.hpp"

namespace cohort::weather {
namespace {

constexpr std::string_view service_name = "weather-service";
/// Of the caller's time, kept to write the answer.
constexpr duration answer_reserve = std::chrono::milliseconds{100};
/// Without a better word from the cache, as after a timeout of the caller's own.
constexpr std::chrono::seconds usual_retry_after{5};

std::int64_t whole_seconds(duration span) { return std::chrono::floor<std::chrono::seconds>(span).count(); }

void write_optional(json::writer& out, std::string_view name, const std::optional<double>& number) {
  out.key(name);
  number ? out.value(*number) : out.null();
}

http::response describe(const forecaster::answer& got) {
  const auto& seen = *got.weather;
  std::string body;
  body.reserve(512);
  json::writer out{body};
  out.open_object().field("service", service_name).field("cached", got.from_cache);
  out.field("provider", seen.provider);
  if (got.stale) out.field("stale", true);
  if (got.from_cache) out.field("cache_age_seconds", whole_seconds(got.age));
  out.key("location").open_object().field("city", seen.where.city).field("country", seen.where.country);
  write_optional(out, "latitude", seen.where.latitude);
  write_optional(out, "longitude", seen.where.longitude);
  out.close_object();
  out.key("weather")
      .open_object()
      .field("temperature_c", seen.temperature_c)
      .field("temperature_f", seen.temperature_f)
      .field("condition", seen.condition)
      .field("humidity", seen.humidity)
      .field("wind_speed_kmph", seen.wind_speed_kmph)
      .field("feels_like_c", seen.feels_like_c)
      .close_object();
  if (!got.error.empty()) out.field("error", "Using stale cache due to error: " + got.error);
  out.close_object();
  return http::json_response(std::move(body));
}

http::response unavailable(const forecaster::answer& got) {
  std::string body;
  json::writer{body}
      .open_object()
      .field("service", service_name)
      .field("error", got.error)
      .field("message", "Could not fetch weather data")
      .close_object();
  auto made = http::json_response(std::move(body), http::status::service_unavailable);
  const auto wait = std::chrono::ceil<std::chrono::seconds>(got.retry_after);
  made.set("Retry-After", std::to_string((wait.count() > 0 ? wait : usual_retry_after).count()));
  return made;
}

config::rule<std::optional<boost::urls::url>> http_url_or_none() {
  using maybe = std::optional<boost::urls::url>;
  auto url = config::http_url();
  return {[parse = std::move(url.parse)](std::string_view given) -> std::optional<maybe> {
            if (given == "none") return std::optional<maybe>{std::in_place};
            auto parsed = parse(given);
            return parsed ? std::optional<maybe>{std::move(parsed)} : std::nullopt;
          },
          url.accepts + ", or none"};
}

struct weather_routes {
  std::shared_ptr<forecaster> source;
  place usual;
  duration limit;

  static task<http::response> current(std::shared_ptr<const weather_routes> self, http::request_context& context) {
    auto where = std::optional{self->usual};
    if (const auto asked = context.query("location")) where = parse_place(*asked);
    if (!where) {
      co_return http::error_response(http::status::bad_request, "location must look like City,Country");
    }
    const auto until = budget_for(context.until(), loop::current().now(), self->limit + answer_reserve, answer_reserve);
    const http::server_timing::waiting for_providers{&context.timing()};
    const auto got = co_await forecaster::get(self->source, std::move(*where), until);
    co_return got.weather ? describe(got) : unavailable(got);
  }
};

}  // namespace

http::router app(service::kit with, forecaster::settings how, place usual) {
  const auto limit = how.calls.limit;
  auto source = std::make_shared<forecaster>(std::move(with), std::move(how));
  auto shared = std::make_shared<const weather_routes>(weather_routes{std::move(source), std::move(usual), limit});
  http::router routes;
  auto& current = routes.get(
      "/api/weather", [shared](http::request_context& context) { return weather_routes::current(shared, context); });
  // What is cached is given at once, and an old report in time: what a fetch takes says nothing of most requests.
  current.adapts_to_deadline = true;
  return routes;
}

service::definition definition() {
  struct settings {
    boost::urls::url upstream{*boost::urls::parse_uri("https://wttr.in")};
    std::optional<boost::urls::url> fallback{*boost::urls::parse_uri("https://api.open-meteo.com")};
    boost::urls::url geocoding{*boost::urls::parse_uri("https://geocoding-api.open-meteo.com")};
    http::upstream_settings policy = providers::usual_policy();
    std::chrono::seconds cache_time{600};
    place usual = default_place();
  };
  auto chosen = std::make_shared<settings>();
  service::definition made;
  made.name = "weather-service";
  made.metric_prefix = "weather_service";
  made.about = "Tells the weather from wttr.in or Open-Meteo, cached: GET /api/weather";
  made.port = 5003;
  made.deadlines = http::admission_settings::hopeless::refuse;
  made.add_options = [chosen](config::options& options) {
    options.add(chosen->upstream,
                {"--weather-upstream-url", "WEATHER_UPSTREAM_URL", "Provider that speaks wttr.in's j1"},
                config::http_url(), "https://wttr.in");
    options.add(chosen->fallback,
                {"--weather-fallback-url", "WEATHER_FALLBACK_URL",
                 "Asked where the provider is down; speaks Open-Meteo's forecast API"},
                http_url_or_none(), "https://api.open-meteo.com");
    options.add(chosen->geocoding,
                {"--weather-geocoding-url", "WEATHER_GEOCODING_URL",
                 "Tells the fallback where a place is; speaks Open-Meteo's geocoding API"},
                config::http_url(), "https://geocoding-api.open-meteo.com");
    options.add(chosen->policy, {"--weather-upstream-policy", "WEATHER_UPSTREAM_POLICY", "How providers are called"},
                http::upstream_policy(chosen->policy), "as core/README.md has them");
    options.add(chosen->cache_time, {"--weather-cache-seconds", "WEATHER_CACHE_SECONDS", "How long a report is fresh"},
                config::seconds(1, 86'400), "600");
    options.add(chosen->usual, {"--weather-location", "WEATHER_LOCATION", "Place for requests that name none"},
                config::rule<place>{parse_place, "City,Country such as Haifa,Israel"}, "Haifa,Israel");
  };
  made.app = [chosen](service::kit& with, service::key_guard&) {
    std::optional<open_meteo_site> fallback;
    if (chosen->fallback) fallback = open_meteo_site{*chosen->fallback, chosen->geocoding};
    return app(with,
               {.upstream = chosen->upstream,
                .fallback = std::move(fallback),
                .cache_time = chosen->cache_time,
                .calls = chosen->policy},
               chosen->usual);
  };
  return made;
}

}  // namespace cohort::weather
