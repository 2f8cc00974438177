// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/tls/client_certificates.hpp>

#include <algorithm>

#include <cohort/http/server/tls_termination.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {
namespace {

bool contains_any(const std::vector<std::string>& allowed, const std::vector<std::string>& uris) {
  return std::any_of(uris.begin(), uris.end(), [&allowed](const std::string& uri) {
    return std::find(allowed.begin(), allowed.end(), uri) != allowed.end();
  });
}

}  // namespace

http::filter client_certificate_filter(std::vector<std::string> allowed_uris, telemetry::registry& metrics) {
  const auto make_counter = [&metrics](const char* reason) {
    return &metrics.make_counter("cohort_server_client_certificates_rejected_total",
                                 "Requests rejected because of the client's certificate.", {{"reason", reason}});
  };
  auto* const missing = make_counter("missing");
  auto* const not_allowed = make_counter("not_allowed");
  return [allowed = std::move(allowed_uris), missing,
          not_allowed](http::request_context& context) -> std::optional<http::response> {
    const auto endpoint = context.endpoint();
    const auto* const operation = context.matched_operation();
    // The path may be percent-encoded, so the endpoint is also checked.
    const bool is_protected = endpoint.starts_with("/api/") || context.head().path.starts_with("/api/") ||
                              (operation && operation->steps().requires_credential());
    if (!is_protected) return std::nullopt;
    const auto* client = context.tls();
    if (!client || !client->has_certificate) {
      missing->increment();
      return http::error_response(http::status::forbidden, "Forbidden", "Client certificate required");
    }
    if (allowed.empty() || contains_any(allowed, client->certificate_uris)) return std::nullopt;
    not_allowed->increment();
    return http::error_response(http::status::forbidden, "Forbidden", "Client certificate not allowed");
  };
}

}  // namespace cohort::service
