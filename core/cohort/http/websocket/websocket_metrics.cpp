// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/websocket/websocket_metrics.hpp>

#include <string>

namespace cohort::http {
namespace {

constexpr const char* messages_help = "Messages of WebSockets, by direction.";

}  // namespace

websocket_metrics::websocket_metrics(telemetry::registry& registry)
    : open_connections(registry.make_gauge("cohort_server_websocket_connections", "Open WebSockets.")),
      messages_received(
          registry.make_counter("cohort_server_websocket_messages_total", messages_help, {{"direction", "received"}})),
      messages_sent(
          registry.make_counter("cohort_server_websocket_messages_total", messages_help, {{"direction", "sent"}})),
      messages_dropped(
          registry.make_counter("cohort_server_websocket_dropped_messages_total",
                                "Messages that were not sent because the queue of a WebSocket was full.")) {
  constexpr std::array<std::uint16_t, code_count> codes{1000, 1001, 1002, 1005, 1006, 1007, 1008, 1009, 1011, 1013, 0};
  for (std::size_t i = 0; i < codes.size(); ++i) {
    auto& counter = registry.make_counter("cohort_server_websocket_closes_total", "Closed WebSockets, by close code.",
                                          {{"code", codes[i] == 0 ? "other" : std::to_string(codes[i])}});
    closes_[i] = {codes[i], &counter};
  }
}

void websocket_metrics::on_close(std::uint16_t code) {
  for (const auto& [known, counter] : closes_) {
    if (known == code || known == 0) return counter->increment();
  }
}

}  // namespace cohort::http
