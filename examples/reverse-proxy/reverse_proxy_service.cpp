// SPDX-License-Identifier: BSL-1.0
// A reverse proxy for two services: streams bodies in both directions. See README.md.
#include <memory>
#include <string>

#include <boost/url/parse.hpp>

#include <cohort/http/server/proxy/reverse_proxy.hpp>
#include <cohort/service/service.hpp>

using namespace cohort;

namespace {

struct settings {
  std::optional<boost::urls::url> api_url;
  std::optional<boost::urls::url> site_url;
  http::upstream_settings api_policy;
  http::upstream_settings site_policy;
};

void add_options(config::options& options, settings& values) {
  options.add(values.api_url, {"--api-url", "API_URL", "URL of the service for the paths under /api/"},
              config::http_url(), "none");
  options.add(values.site_url, {"--site-url", "SITE_URL", "URL of the service for all other paths"}, config::http_url(),
              "none");
  options.add(values.api_policy, {"--api-policy", "API_POLICY", "Policy of the calls to the API"},
              http::upstream_policy(values.api_policy), "see core/README.md");
  options.add(values.site_policy, {"--site-policy", "SITE_POLICY", "Policy of the calls to the site"},
              http::upstream_policy(values.site_policy), "see core/README.md");
}

http::router make_routes(const service::service_context& context, const settings& values) {
  http::router routes;
  const auto add_route = [&](const char* pattern, const char* name, const http::upstream_settings& policy,
                             const boost::urls::url& url, http::proxy_options options) {
    auto target = std::make_shared<http::upstream>(context.make_upstream(name, policy));
    routes.any(pattern, http::proxy_to(std::move(target), std::string_view{url.buffer()}, std::move(options)))
        .body_limit(http::unlimited_body);
  };
  if (values.api_url) {
    http::proxy_options options;
    options.strip_prefix = "/api";
    options.idle_timeout = std::chrono::seconds{30};
    add_route("/api/{rest...}", "api", values.api_policy, *values.api_url, std::move(options));
  }
  if (values.site_url) add_route("/{rest...}", "site", values.site_policy, *values.site_url, {});
  return routes;
}

}  // namespace

int main(int argc, char** argv) {
  const auto values = std::make_shared<settings>();
  service::definition definition;
  definition.name = "reverse-proxy";
  definition.metric_prefix = "reverse_proxy";
  definition.description = "Forwards /api/ to one service and all other paths to a second service";
  definition.port = 5016;
  definition.add_options = [values](config::options& options) { add_options(options, *values); };
  definition.app = [values](service::service_context& context, service::api_key_authenticator&) {
    return make_routes(context, *values);
  };
  return service::run(argc, argv, std::move(definition));
}
