// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/https_redirect.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace cohort::service {
namespace {

/// Few connections are sufficient, because each client needs only one request.
constexpr std::size_t max_connections = 256;
constexpr duration idle_timeout = std::chrono::seconds{5};

/// The host of an authority, without the port. An IPv6 address is in brackets.
std::string_view host_of(std::string_view authority) {
  const auto address_end = authority.starts_with('[') ? authority.find(']') : 0;
  return authority.substr(0, authority.find(':', std::min(address_end, authority.size())));
}

}  // namespace

std::optional<std::string> https_location(const http::request_head& head, std::uint16_t https_port) {
  const auto host = host_of(head.find(http::field::host).value_or(std::string_view{}));
  if (host.empty()) return std::nullopt;
  auto location = "https://" + std::string{host};
  if (https_port != 443) location += ":" + std::to_string(https_port);
  // The target of `OPTIONS *` is the server, not a resource.
  location += head.path.starts_with('/') ? head.path : std::string_view{"/"};
  if (!head.query.empty()) location += "?" + std::string{head.query};
  return location;
}

https_redirect::https_redirect(std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener,
                               std::uint16_t https_port, telemetry::registry& metrics, const telemetry::logger& log)
    : log_(log), unexported_metrics_(loops.size()) {
  auto& redirects = metrics.make_counter("cohort_server_https_redirects_total",
                                         "Plain HTTP requests redirected to the TLS listener.");
  routes_.use([https_port, &redirects](const http::request_context& context) -> std::optional<http::response> {
    const auto location = https_location(context.head(), https_port);
    if (!location) return http::error_response(http::status::bad_request, "Bad Request", "Host header required");
    redirects.increment();
    auto redirect = http::error_response(http::status::permanent_redirect, "Permanent Redirect", "Use HTTPS");
    redirect.set("Location", *location);
    return redirect;
  });
  server_metrics_.emplace(unexported_metrics_, "redirect", routes_);
  http::server_settings settings;
  settings.limits.max_connections = max_connections;
  settings.limits.idle_timeout = idle_timeout;
  // The body of a redirected request is not needed.
  settings.limits.max_total_body_bytes = 0;
  server_.emplace(std::move(loops), std::move(listener), routes_, *server_metrics_, log_, std::move(settings));
}

void https_redirect::start() {
  server_->start();
  const auto local = server_->local_endpoint();
  const auto address = local.address().to_string();
  log_.write(telemetry::log_level::info, "redirecting to https",
             {{"address", std::string_view{address}}, {"port", std::int64_t{local.port()}}});
}

}  // namespace cohort::service
