// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/app.hpp"

#include <cohort/runtime/version.hpp>
#include "services/gateway/gateway.hpp"
#include "services/gateway/openapi/openapi_documents.hpp"

namespace cohort::gateway {
namespace {

constexpr std::chrono::seconds openapi_interval{30};
constexpr const char* routes_setting = "GATEWAY_ROUTES";

}  // namespace

http::router app(service::service_context& context, service::api_key_authenticator& authenticator,
                 const std::string& path) {
  const auto forwarder = std::make_shared<gateway>(context, authenticator, path);
  context.on_reload(routes_setting, [forwarder] { return forwarder->reload(); }, forwarder->files());
  const auto documents = std::make_shared<openapi_documents>(context, forwarder);
  context.background.spawn(openapi_documents::refresh(documents));
  context.every("openapi", openapi_interval,
                [documents](call_context) { return openapi_documents::refresh(documents); });
  http::router router;
  router.get("/openapi.json", [documents](http::request_context&) { return documents->response(); });
  router
      .any("/{path...}", [forwarder](http::request_context& request,
                                     http::body_reader& body) { return gateway::handle(forwarder, request, body); })
      .timeout(max_route_timeout)
      .body_limit(http::unlimited_body);
  return router;
}

service::definition definition() {
  auto path = std::make_shared<std::string>("/etc/cohort/routes.json");
  service::definition definition;
  definition.name = "gateway-service";
  definition.metric_prefix = "gateway_service";
  definition.description = "API gateway: forwards requests according to a routes file";
  definition.version = version();
  definition.port = 5004;
  definition.requires_client_certificate = false;
  definition.describes_api = false;
  definition.authenticates_api = false;
  definition.add_options = [path](config::options& options) {
    options.add(*path, {"--routes", routes_setting, "Routes file (JSON); see docs/gateway.md"}, config::text(), *path);
  };
  definition.app = [path](service::service_context& context, service::api_key_authenticator& authenticator) {
    return app(context, authenticator, *path);
  };
  return definition;
}

}  // namespace cohort::gateway
