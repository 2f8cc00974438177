// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/app.hpp"

#include <boost/url/parse.hpp>

#include <cohort/discovery/discovery_url.hpp>
#include <cohort/http/message/uncached.hpp>
#include <cohort/runtime/version.hpp>
#include "services/dashboard/alerts/alert_routes.hpp"
#include "services/dashboard/api_schema.hpp"
#include "services/dashboard/event_feed.hpp"
#include "services/dashboard/experiment/experiment_routes.hpp"
#include "services/dashboard/page/page_routes.hpp"
#include "services/dashboard/report_subscriber.hpp"
#include "services/dashboard/session_routes.hpp"
#include "services/messaging/broker_setting.hpp"

namespace cohort::dashboard {
namespace {

/// State that the handlers share.
struct dashboard_routes {
  std::shared_ptr<call_history> history;
  std::shared_ptr<aggregator> services;
  std::shared_ptr<session_cookies> sessions;
  std::shared_ptr<event_feed> feed;
  /// The experiments of the page; null if they are disabled.
  std::shared_ptr<experiment> experiments{};

  dashboard_routes(const service::service_context& context, const aggregator_settings& settings,
                   std::shared_ptr<session_cookies> cookies, std::shared_ptr<alert_store> alerts)
      : history(make_history(context)),
        services(std::make_shared<aggregator>(context, settings, std::string{}, history)),
        sessions(std::move(cookies)),
        feed(std::make_shared<event_feed>(context.background,
                                          event_feed::poll_sources{services, std::move(alerts), history,
                                                                   std::make_unique<service_map>(context, settings)},
                                          make_instance_id(context))) {}

  static std::shared_ptr<call_history> make_history(const service::service_context& context) {
    const auto& loops = context.loops();
    return std::make_shared<call_history>(loops.front()->now(), loops.front()->wall_now(), loops.size());
  }

  /// Returns an ID that differs from that of the previous process.
  static std::string make_instance_id(const service::service_context& context) {
    const auto now = context.loops().front()->wall_now().time_since_epoch();
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  }

  static task<http::response> aggregate(std::shared_ptr<dashboard_routes> self, http::request_context& context) {
    auto call_task = self->services->aggregate(context);
    auto result = co_await std::move(call_task);
    co_return http::json_response(std::move(result.body));
  }

  static task<http::response> time_proxy(std::shared_ptr<dashboard_routes> self, http::request_context& context) {
    auto time = co_await self->services->fetch_time(context);
    if (!time.body.empty()) co_return http::json_response(std::move(time.body));
    const bool is_timeout = time.state == part_state::timeout;
    co_return http::json_response(time_error_body(time),
                                  is_timeout ? http::status::gateway_timeout : http::status::bad_gateway);
  }

  /// The stream of a session ends with the session. After the expiry of the cookie, the page opens a new stream with
  /// the renewed cookie.
  std::function<bool()> make_authorization(const http::request_context& context,
                                           const service::api_key_authenticator& authenticator) const {
    if (!authenticator.is_enabled() || authenticator.has_valid_key(context)) return nullptr;
    const auto current = sessions->find(context, loop::current().wall_now());
    return
        [sessions = sessions, current] { return current && sessions->is_active(*current, loop::current().wall_now()); };
  }

  /// Returns the data of the page. `authenticator` must outlive the result.
  page_sources page(service::background_tasks& background, std::shared_ptr<alert_store> alerts,
                    const service::api_key_authenticator& authenticator, std::vector<page_link> links) const {
    page_sources sources{std::make_shared<page_values>(background, services),
                         std::move(alerts),
                         history,
                         nullptr,
                         nullptr,
                         std::move(links)};
    sources.is_authenticated = [sessions = sessions, &authenticator](const http::request_context& context) {
      return !authenticator.is_enabled() || authenticator.has_valid_key(context) ||
             sessions->find(context, loop::current().wall_now()).has_value();
    };
    if (!experiments) return sources;
    sources.experiment = [current = experiments, &authenticator](const http::request_context& context) {
      return may_use_experiments(context, authenticator) ? current->state_json() : std::string{};
    };
    return sources;
  }

  http::response events(const http::request_context& context,
                        const service::api_key_authenticator& authenticator) const {
    event_feed::subscriber subscriber{make_authorization(context, authenticator), nullptr};
    if (experiments && may_use_experiments(context, authenticator)) {
      subscriber.experiment = [current = experiments] { return current->state_json(); };
    }
    return http::event_stream_response(context,
                                       [feed = feed, subscriber = std::move(subscriber)](http::event_stream& events) {
                                         return event_feed::serve(feed, events, subscriber);
                                       });
  }
};

boost::urls::url loopback_url(std::uint16_t port) {
  return boost::urls::url{*boost::urls::parse_uri("http://127.0.0.1:" + std::to_string(port))};
}

struct program_settings {
  std::optional<boost::urls::url> time;
  std::optional<boost::urls::url> sysinfo;
  std::optional<boost::urls::url> weather;
  std::string secret;
  aggregator_settings policies;
  broker_setting broker;
  std::optional<boost::urls::url> grafana;
  std::optional<boost::urls::url> prometheus;
  std::optional<boost::urls::url> jaeger;

  void add_to(config::options& options) {
    options.add(time, {"--time-service-url", "TIME_SERVICE_URL", "URL of the time service"}, discovery::service_url(),
                "http://127.0.0.1:5001");
    options.add(sysinfo, {"--sysinfo-service-url", "SYSINFO_SERVICE_URL", "URL of the sysinfo service"},
                discovery::service_url(), "http://127.0.0.1:5002");
    options.add(weather, {"--weather-service-url", "WEATHER_SERVICE_URL", "URL of the weather service"},
                discovery::service_url(), "http://127.0.0.1:5003");
    const auto add_policy = [&](http::upstream_settings& policy, const char* flag, const char* variable,
                                const char* help) {
      options.add(policy, {flag, variable, help}, http::upstream_policy(policy), "see core/README.md");
    };
    add_policy(policies.time_policy, "--time-service-policy", "TIME_SERVICE_POLICY",
               "Policy for calls to the time service");
    add_policy(policies.sysinfo_policy, "--sysinfo-service-policy", "SYSINFO_SERVICE_POLICY",
               "Policy for calls to the sysinfo service");
    add_policy(policies.weather_policy, "--weather-service-policy", "WEATHER_SERVICE_POLICY",
               "Policy for calls to the weather service");
    const auto add_link = [&](std::optional<boost::urls::url>& url, const char* flag, const char* variable,
                              const char* help) {
      options.add(url, {flag, variable, help}, config::http_url(), "no link");
    };
    add_link(grafana, "--grafana-url", "GRAFANA_URL",
             "URL of Grafana or of one of its dashboards, for a link on the page");
    add_link(prometheus, "--prometheus-url", "PROMETHEUS_URL", "URL of Prometheus, for a link on the page");
    add_link(jaeger, "--jaeger-url", "JAEGER_URL",
             "URL of Jaeger, for links from requests on the page to their traces");
    options.add_secret(
        secret, {"--dashboard-secret-key", "DASHBOARD_SECRET_KEY",
                 "Key that signs the sessions of the page; without a key, sessions end when the service restarts"});
    broker.add_to(options, "--dashboard-messaging-url",
                  "Message broker that delivers new weather reports, such as amqp://user:password@rabbitmq");
  }

  std::vector<page_link> links() const {
    std::vector<page_link> found;
    const auto add = [&](const char* name, const char* label, const std::optional<boost::urls::url>& url) {
      if (url) found.push_back({name, label, *url});
    };
    add("grafana", "Grafana", grafana);
    add("prometheus", "Prometheus", prometheus);
    add("jaeger", "Jaeger", jaeger);
    return found;
  }

  /// The default URL is the service in the same process or, without it, the default port of the service on loopback.
  aggregator_settings resolve(const service::service_context& context) const {
    const auto url_of = [&](const std::optional<boost::urls::url>& setting, const char* name, std::uint16_t port) {
      if (setting) return context.upstream_url(*setting);
      const auto sibling = context.sibling_urls.find(name);
      return sibling != context.sibling_urls.end() ? sibling->second : loopback_url(port);
    };
    auto resolved = policies;
    resolved.time = url_of(time, "time-service", 5001);
    resolved.sysinfo = url_of(sysinfo, "system-info-service", 5002);
    resolved.weather = url_of(weather, "weather-service", 5003);
    return resolved;
  }
};

}  // namespace

http::router app(service::service_context context, service::api_key_authenticator& authenticator,
                 const aggregator_settings& settings, session_cookies sessions, const page_settings& page) {
  auto alerts = std::make_shared<alert_store>();
  auto shared_sessions = std::make_shared<session_cookies>(std::move(sessions));
  auto routes = std::make_shared<dashboard_routes>(context, settings, shared_sessions, alerts);
  authenticator.set_alternative([shared_sessions](const http::request_context& request) {
    return shared_sessions->find(request, loop::current().wall_now()).has_value();
  });

  if (page.broker) std::make_shared<report_subscriber>(context, *page.broker, routes->feed)->add_to(context);

  http::router router;
  if (page.has_experiments) {
    routes->experiments = std::make_shared<experiment>(
        context, settings, [feed = routes->feed](std::string_view json) { feed->publish_experiment(json); });
    add_experiment_routes(router, routes->experiments, authenticator);
  }
  add_page_routes(router, routes->page(context.background, alerts, authenticator, page.links));
  describe_aggregate(
      router
          .get("/api/aggregate",
               [routes](http::request_context& request) { return dashboard_routes::aggregate(routes, request); })
          .adapts_to_deadline());
  describe_time_proxy(router.get("/api/time-proxy", [routes](http::request_context& request) {
    return dashboard_routes::time_proxy(routes, request);
  }));
  describe_events(router.get("/api/events", [routes, &authenticator](http::request_context& request) {
    return routes->events(request, authenticator);
  }));
  describe_requests(router.get("/api/requests", [routes](http::request_context&) {
    return http::uncached(http::json_response(routes->feed->requests().body()));
  }));
  describe_history(router.get("/api/history", [history = routes->history](http::request_context&) {
    return http::uncached(http::json_response(history->body(loop::current().now())));
  }));
  add_alert_routes(router, std::move(alerts), authenticator, context.log);
  add_session_routes(router, std::move(shared_sessions), authenticator,
                     [routes] { routes->feed->check_authorizations(); });
  return router;
}

service::definition definition() { return definition_with_experiments(std::make_shared<const bool>(false)); }

service::definition definition_with_experiments(std::shared_ptr<const bool> faults_enabled) {
  auto settings = std::make_shared<program_settings>();
  service::definition definition;
  definition.name = "dashboard-service";
  definition.metric_prefix = "dashboard_service";
  definition.description =
      "Serves the page and the combined responses of the other services: GET /, GET /api/aggregate";
  definition.version = version();
  definition.port = 5000;
  definition.session_cookie = session_cookies::cookie_name;
  definition.requires_client_certificate = false;  // browsers have none
  definition.deadline_admission = http::admission_settings::infeasible_action::reject;
  definition.content_security_policy =
      "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
  definition.add_options = [settings](config::options& options) { settings->add_to(options); };
  definition.app = [settings, faults_enabled = std::move(faults_enabled)](
                       service::service_context& context, service::api_key_authenticator& authenticator) {
    return app(
        context, authenticator, settings->resolve(context), session_cookies{settings->secret, context.api_keys},
        {.has_experiments = *faults_enabled, .broker = settings->broker.resolve(context), .links = settings->links()});
  };
  return definition;
}

}  // namespace cohort::dashboard
