// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/tls_termination.hpp>

#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::http {

tls_termination::tls_termination(std::shared_ptr<net::tls_server_context> context, telemetry::registry& metrics)
    : context_(std::move(context)) {
  for (std::size_t i = 0; i < handshakes_.size(); ++i) {
    const auto result = net::to_string(static_cast<net::tls_handshake_result>(i));
    handshakes_[i] = &metrics.make_counter("cohort_server_tls_handshakes_total", "TLS handshakes with clients.",
                                           {{"result", std::string{result}}});
  }
}

task<std::unique_ptr<const tls_connection_info>> tls_termination::accept(net::stream_ptr& plain,
                                                                         telemetry::logger log) {
  const auto began = loop::current().now();
  const auto peer_address = plain->peer_address();
  auto handshaking = context_->handshake(std::move(plain));
  auto accepted = co_await std::move(handshaking);
  handshakes_[static_cast<std::size_t>(accepted.result)]->increment();
  if (!accepted.stream) {
    // A TCP health check of a load balancer connects and disconnects.
    const bool is_disconnect = accepted.result == net::tls_handshake_result::disconnected;
    log.write(is_disconnect ? telemetry::log_level::debug : telemetry::log_level::info, "TLS handshake failed",
              {{"result", net::to_string(accepted.result)},
               {"why", std::string_view{accepted.reason}},
               {"peer", std::string_view{peer_address}}});
    co_return nullptr;
  }
  plain = std::move(accepted.stream);
  auto client = std::make_unique<tls_connection_info>();
  client->has_certificate = accepted.has_client_certificate;
  client->certificate_uris = std::move(accepted.client_uris);
  client->handshake_duration = loop::current().now() - began;
  co_return client;
}

}  // namespace cohort::http
