// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>

#include <cohort/http/server/bounds/open_connection.hpp>
#include <cohort/net/proxy_protocol/proxy_header_reader.hpp>
#include <cohort/runtime/task.hpp>

namespace cohort::telemetry {
class counter;
class gauge;
class registry;
}  // namespace cohort::telemetry

namespace cohort::http {

/// The reason why a connection or its requests were rejected, a label of `cohort_server_connections_rejected_total`.
enum class connection_rejection {
  /// The maximum number of connections is open, including the reserve for probes: the connection is closed immediately.
  limit,
  /// The client has reached the per-client connection limit: the connection is closed immediately.
  client_limit,
  /// A request on a connection of the reserve is not a probe, and is rejected with 503.
  reserve,
};
constexpr std::size_t connection_rejection_count = 3;

/// The metrics of the connection limits; docs/limits.md lists them. Safe from any thread.
class bounds_metrics {
 public:
  /// `registry` must outlive this object.
  explicit bounds_metrics(telemetry::registry& registry);

  void on_rejected(connection_rejection reason);
  void on_shed(idle_state state);
  /// Counts a failed `accept`.
  void on_accept_error(error_code error);
  void on_proxy_header(net::received_proxy_header::outcome result);

  telemetry::gauge& connection_limit;
  telemetry::counter& max_requests_closes_total;
  telemetry::counter& pipeline_pauses_total;
  telemetry::counter& invalid_forwarded_total;

 private:
  std::array<telemetry::counter*, connection_rejection_count> rejections_{};
  std::array<telemetry::counter*, idle_state_count> shed_{};
  /// Failed accepts by cause: descriptors, memory, other.
  std::array<telemetry::counter*, 3> accept_errors_{};
  std::array<telemetry::counter*, 6> proxy_headers_{};
};

/// Whether `accept` failed because file descriptors or memory are exhausted. `accept` can succeed again once
/// descriptors or memory are freed.
bool is_resource_exhaustion(error_code error) noexcept;

}  // namespace cohort::http
