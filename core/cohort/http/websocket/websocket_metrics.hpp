// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::http {

/// The metrics of the WebSockets of a server. Safe from any thread.
class websocket_metrics {
 public:
  /// `registry` must outlive this object.
  explicit websocket_metrics(telemetry::registry& registry);

  /// Counts the end of a connection by its close code; codes that no RFC names have the label `other`.
  void on_close(std::uint16_t code);

  telemetry::gauge& open_connections;
  telemetry::counter& messages_received;
  telemetry::counter& messages_sent;
  /// Messages that were removed from a full queue.
  telemetry::counter& messages_dropped;

 private:
  static constexpr std::size_t code_count = 11;
  std::array<std::pair<std::uint16_t, telemetry::counter*>, code_count> closes_{};
};

}  // namespace cohort::http
