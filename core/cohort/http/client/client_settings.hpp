// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>

#include <cohort/http/client/connection/proxy.hpp>
#include <cohort/net/tls_settings.hpp>
#include <cohort/policy/load_balancer.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

/// Settings of a `client`: limits of responses, connection pool, name resolution, proxies, TLS.
struct client_settings {
  std::size_t max_header_bytes = 64 * 1024;
  /// Maximum size of the body, both compressed and decompressed.
  std::size_t max_body_bytes = 1024 * 1024;
  /// Idle connections are closed after this time. The timeout is shorter than the idle timeout of most servers
  /// (Cohort's: 75 s), so that the client closes first. Otherwise, a request could be sent while the server closes the
  /// connection.
  duration idle_timeout = std::chrono::seconds{30};
  /// Maximum number of idle connections to an origin; 0 disables their reuse. If a name has more addresses than this,
  /// the limit is the number of addresses, because calls are spread over all of them. The default is 20 % above
  /// `upstream_settings::max_in_flight` (256 calls), because of hedges. With a smaller pool, connections are repeatedly
  /// closed and reopened if there are more concurrent calls.
  std::size_t max_idle_per_origin = 320;
  /// Timeout of a connection attempt to one address, if the name has further addresses.
  duration connect_timeout = std::chrono::seconds{1};
  /// Interval at which the pool re-resolves the name. The resolver has its own cache.
  duration resolve_interval = std::chrono::seconds{1};
  policy::load_balancer::settings load_balancing{};
  proxy_settings proxies{};
  net::tls_client_settings tls{};
};

}  // namespace cohort::http
