// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/server/server.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {

/// The https URL to which a plain request is redirected: its host, with `https_port` unless that is 443, its path and
/// its query. Empty for an HTTP/1.0 request without a host.
std::optional<std::string> https_location(const http::request_head& head, std::uint16_t https_port);

/// A plain HTTP listener that responds to every request with 308 and the https URL of the request. Clients keep the
/// method and the body (RFC 9110 section 15.4.9). The listener has no routes: health checks and metrics use the TLS
/// listener. Counts in `cohort_server_https_redirects_total`.
class https_redirect {
 public:
  /// `loops` and `metrics` must outlive this object. `listener` belongs to the first loop.
  https_redirect(std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener, std::uint16_t https_port,
                 telemetry::registry& metrics, const telemetry::logger& log);

  /// Called on the first loop.
  void start();
  /// See `http::server::drain`.
  task<> drain(duration timeout) { return server_->drain(timeout); }

 private:
  telemetry::logger log_;
  /// Not exported, because redirects are not requests to a route of the service.
  telemetry::registry unexported_metrics_;
  http::router routes_;
  std::optional<http::server_metrics> server_metrics_;
  std::optional<http::server> server_;
};

}  // namespace cohort::service
