#include "services/dashboard/app.hpp"

#include <boost/url/parse.hpp>

#include "core/json/writer.hpp"
#include "services/dashboard/event_feed.hpp"
#include "services/dashboard/page_assets.hpp"

namespace cohort::dashboard {
namespace {

constexpr std::size_t most_loops = 256;

/// What the routes share. Each loop has its feed of events, made when first wanted.
struct dashboard_routes {
  service::background& work;
  const service::key_guard& guard;
  telemetry::logger log;
  std::shared_ptr<aggregator> source;
  std::shared_ptr<alert_store> alerts;
  session_cookies sessions;
  std::array<std::shared_ptr<event_feed>, most_loops> feeds;

  static task<http::response> aggregate(std::shared_ptr<dashboard_routes> self, http::request_context& context) {
    auto body = co_await self->source->aggregate(context.as_caller());
    co_return http::json_response(std::move(body));
  }

  static task<http::response> time_proxy(std::shared_ptr<dashboard_routes> self, http::request_context& context) {
    auto got = co_await self->source->time(context.as_caller());
    if (!got.body.empty()) co_return http::json_response(std::move(got.body));
    const auto code = got.state == part_state::timeout ? http::status::gateway_timeout : http::status::bad_gateway;
    co_return http::json_response(time_error_body(got), code);
  }

  http::response events() {
    auto& feed = feeds.at(loop::current().index());
    if (!feed) feed = std::make_shared<event_feed>(work, source, alerts);
    http::response stream;
    stream.stream([feed](http::body_writer& out) { return event_feed::serve(feed, out); }, "text/event-stream");
    stream.set("Cache-Control", "no-store");
    // nginx would collect the events otherwise.
    stream.set("X-Accel-Buffering", "no");
    return stream;
  }

  http::response show_alerts() const {
    const auto& here = loop::current();
    auto answer = http::json_response(alerts->body(here.now(), here.wall_now()));
    answer.set("Cache-Control", "no-store");
    return answer;
  }

  http::response take_alerts(const http::request_context& context) const {
    // The session is no proof here: a browser sends it along for every page of this host, whatever its port. And where
    // no key is asked for, no page may post either: its browser tells its origin, and Alertmanager has none.
    if (context.head().find("origin")) {
      return http::error_response(http::status::forbidden, "Alerts do not come from web pages");
    }
    if (auto refusal = guard.check_key(context, "/api/alerts")) return std::move(*refusal);
    if (!is_json(context.head())) {
      return http::error_response(http::status::unsupported_media_type, "Alerts come as application/json");
    }
    auto told = read_alert_webhook(context.body());
    if (!told) {
      log.write(telemetry::log_level::warn, "refused a webhook", {{"what", std::string_view{told.error()}}});
      return http::error_response(http::status::bad_request, "No webhook of Alertmanager's: " + told.error());
    }
    const auto count = alerts->take(std::move(*told), loop::current().now());
    log_losses(count);
    std::string body;
    json::writer out{body};
    out.open_object().field("firing", count.firing).field("resolved", count.resolved);
    out.field("dropped", count.dropped).field("forgotten", count.forgotten).field("shortened", count.shortened);
    out.close_object();
    return http::json_response(std::move(body));
  }

  void log_losses(const alert_store::taken& count) const {
    const auto lost = count.dropped + count.truncated;
    if (lost + count.forgotten + count.shortened == 0) return;
    const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
    log.write(lost > 0 ? telemetry::log_level::error : telemetry::log_level::info, "alerts that are not kept whole",
              {{"dropped", number(count.dropped)},
               {"truncated", number(count.truncated)},
               {"forgotten", number(count.forgotten)},
               {"shortened", number(count.shortened)}});
  }

  static bool is_json(const http::request_head& head) {
    const auto type = head.find(http::field::content_type).value_or(std::string_view{});
    return http::same_name(http::trimmed(type.substr(0, type.find(';'))), "application/json");
  }

  http::response sign_in(const http::request_context& context) const {
    // A session does not prolong itself.
    if (auto refusal = guard.check_key(context, "/session")) return std::move(*refusal);
    http::response welcome{http::status::no_content};
    if (guard.asks()) {
      const bool secure = context.head().find("x-forwarded-proto").value_or(std::string_view{}) == "https";
      welcome.set("Set-Cookie", sessions.issue(loop::current().wall_now(), secure));
    }
    return welcome;
  }

  static http::response sign_out() {
    http::response goodbye{http::status::no_content};
    goodbye.set("Set-Cookie", session_cookies::removal());
    return goodbye;
  }
};

boost::urls::url loopback(std::uint16_t port) {
  return boost::urls::url{*boost::urls::parse_uri("http://127.0.0.1:" + std::to_string(port))};
}

}  // namespace

http::router app(service::kit with, service::key_guard& guard, const addresses& where, session_cookies sessions) {
  auto source = std::make_shared<aggregator>(with, where);
  auto shared = std::make_shared<dashboard_routes>(dashboard_routes{
      with.work, guard, with.log, std::move(source), std::make_shared<alert_store>(), std::move(sessions), {}});
  guard.accept_also([shared](const http::request_context& context) {
    return shared->sessions.is_valid(context, loop::current().wall_now());
  });

  http::router routes;
  add_assets(routes, page_assets());
  if (page_assets().empty()) {
    routes.get("/", [](http::request_context&) {
      return http::error_response(http::status::service_unavailable, "This program was built without its page");
    });
  }
  auto& aggregate = routes.get("/api/aggregate", [shared](http::request_context& context) {
    return dashboard_routes::aggregate(shared, context);
  });
  aggregate.adapts_to_deadline = true;
  routes.get("/api/time-proxy",
             [shared](http::request_context& context) { return dashboard_routes::time_proxy(shared, context); });
  routes.get("/api/events", [shared](http::request_context&) { return shared->events(); });
  routes.get("/api/alerts", [shared](http::request_context&) { return shared->show_alerts(); });
  routes.post("/api/alerts", [shared](http::request_context& context) { return shared->take_alerts(context); });
  routes.post("/session", [shared](http::request_context& context) { return shared->sign_in(context); });
  routes.add(http::method::delete_, "/session",
             http::immediate_handler{[](http::request_context&) { return dashboard_routes::sign_out(); }});
  return routes;
}

service::definition definition() {
  struct settings {
    std::optional<boost::urls::url> time;
    std::optional<boost::urls::url> sysinfo;
    std::optional<boost::urls::url> weather;
    std::string secret;
    addresses policies;
  };
  auto chosen = std::make_shared<settings>();
  service::definition made;
  made.name = "dashboard-service";
  made.metric_prefix = "dashboard_service";
  made.about = "The page, and the other services' answers together: GET /, GET /api/aggregate";
  made.port = 5000;
  made.deadlines = http::admission_settings::hopeless::refuse;
  made.content_security_policy =
      "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
  made.add_options = [chosen](config::options& options) {
    options.add(chosen->time, {"--time-service-url", "TIME_SERVICE_URL", "Where the time service is"},
                config::http_url(), "http://127.0.0.1:5001");
    options.add(chosen->sysinfo, {"--sysinfo-service-url", "SYSINFO_SERVICE_URL", "Where the sysinfo service is"},
                config::http_url(), "http://127.0.0.1:5002");
    options.add(chosen->weather, {"--weather-service-url", "WEATHER_SERVICE_URL", "Where the weather service is"},
                config::http_url(), "http://127.0.0.1:5003");
    const auto add_policy = [&](http::upstream_settings& to, const char* flag, const char* variable) {
      options.add(to, {flag, variable, "How it is called"}, http::upstream_policy(to), "as core/README.md has them");
    };
    add_policy(chosen->policies.time_policy, "--time-service-policy", "TIME_SERVICE_POLICY");
    add_policy(chosen->policies.sysinfo_policy, "--sysinfo-service-policy", "SYSINFO_SERVICE_POLICY");
    add_policy(chosen->policies.weather_policy, "--weather-service-policy", "WEATHER_SERVICE_POLICY");
    options.add_secret(chosen->secret, {"--dashboard-secret-key", "DASHBOARD_SECRET_KEY",
                                        "Signs the sessions of the page; none: they end with the process"});
  };
  made.app = [chosen](service::kit& with, service::key_guard& guard) {
    const auto address = [&](const std::optional<boost::urls::url>& given, const char* name, std::uint16_t port) {
      if (given) return *given;
      const auto sibling = with.siblings.find(name);
      return sibling != with.siblings.end() ? sibling->second : loopback(port);
    };
    auto where = chosen->policies;
    where.time = address(chosen->time, "time-service", 5001);
    where.sysinfo = address(chosen->sysinfo, "system-info-service", 5002);
    where.weather = address(chosen->weather, "weather-service", 5003);
    return app(with, guard, where, session_cookies{chosen->secret, with.api_key});
  };
  return made;
}

}  // namespace cohort::dashboard
