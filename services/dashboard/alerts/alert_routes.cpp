// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/alerts/alert_routes.hpp"

#include <cohort/http/message/json_response.hpp>
#include <cohort/http/message/request/unique_field.hpp>
#include <cohort/http/message/uncached.hpp>

#include "services/dashboard/api_schema.hpp"

namespace cohort::dashboard {
namespace {

bool is_json(const http::request_head& head) {
  const auto type = http::find_unique(head, http::field::content_type).value_or(std::string_view{});
  return http::iequals(http::trimmed(type.substr(0, type.find(';'))), "application/json");
}

void log_incomplete_update(const telemetry::logger& log, const alert_store::update_counts& counts) {
  const auto lost = counts.dropped + counts.truncated;
  if (lost + counts.forgotten + counts.shortened == 0) return;
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  log.write(lost > 0 ? telemetry::log_level::error : telemetry::log_level::info, "alerts not stored completely",
            {{"dropped", number(counts.dropped)},
             {"truncated", number(counts.truncated)},
             {"forgotten", number(counts.forgotten)},
             {"shortened", number(counts.shortened)}});
}

struct alert_routes {
  std::shared_ptr<alert_store> store;
  const service::api_key_authenticator& authenticator;
  telemetry::logger log;

  http::response show() const {
    const auto& loop = loop::current();
    return http::uncached(http::json_response(alerts_json(store->read(loop.now()), loop.wall_now())));
  }

  http::response update(const http::request_context& context) const {
    // Protects against cross-site request forgery: a browser sends the session cookie with requests of any page on this
    // host, and sets Origin. Alertmanager sends neither.
    if (context.head().find("origin")) {
      return http::error_response(http::status::forbidden, "Alerts are not accepted from web pages");
    }
    if (auto rejection = authenticator.authenticate_key(context, "/api/alerts")) return std::move(*rejection);
    if (!is_json(context.head())) {
      return http::error_response(http::status::unsupported_media_type, "Content-Type must be application/json");
    }
    auto webhook = parse_alert_webhook(context.body());
    if (!webhook) {
      log.write(telemetry::log_level::warn, "invalid alert webhook", {{"error", std::string_view{webhook.error()}}});
      return http::error_response(http::status::bad_request, "Invalid Alertmanager webhook: " + webhook.error());
    }
    const auto counts = store->update(std::move(*webhook), loop::current().now());
    log_incomplete_update(log, counts);
    return http::json_response(counts);
  }
};

}  // namespace

void add_alert_routes(http::router& router, std::shared_ptr<alert_store> store,
                      const service::api_key_authenticator& authenticator, telemetry::logger log) {
  auto routes = std::make_shared<const alert_routes>(alert_routes{std::move(store), authenticator, std::move(log)});
  describe_alerts(router.get("/api/alerts", [routes](http::request_context&) { return routes->show(); }));
  // The route is exempt from faults and the rate limit, because alerts must also arrive during incidents.
  auto& update =
      router.post("/api/alerts", [routes](http::request_context& context) { return routes->update(context); })
          .exempt_from_faults()
          .exempt_from_rate_limit();
  describe_alert_update(
      update, http::describe_response<alert_store::update_counts>(http::status::ok, "Number of alerts by outcome"));
}

}  // namespace cohort::dashboard
