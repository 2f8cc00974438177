// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/tls_termination.hpp>

#include <array>
#include <chrono>

#include <cohort/http/message/response.hpp>
#include <cohort/net/linger.hpp>
#include <cohort/runtime/time/date_format.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::http {
namespace {

constexpr duration plain_response_timeout = std::chrono::seconds{1};
constexpr std::size_t max_discarded_bytes = 1024 * 1024;

/// Responds to an HTTP request on the TLS port. The method is not known here, so the response to HEAD also has content,
/// contrary to RFC 9110 section 9.3.2. This is harmless, because no other response follows on the connection.
task<> reject_plain_request(net::stream_ptr plain) {
  const auto response_deadline = deadline::after(loop::current().now(), plain_response_timeout);
  plain->set_deadline(response_deadline);
  const auto rejection = error_response(status::bad_request, "The plain HTTP request was sent to an HTTPS port");
  const auto date = std::chrono::floor<std::chrono::seconds>(loop::current().wall_now());
  const auto text =
      "HTTP/1.1 400 Bad Request\r\nDate: " + format_imf_fixdate(date).str() +
      "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(rejection.content().size()) +
      "\r\nConnection: close\r\n\r\n" + std::string{rejection.content()};
  auto write_task = net::write_all(*plain, {asio::buffer(text), asio::const_buffer{}});
  const auto written = co_await std::move(write_task);
  if (!written) co_return;
  std::array<char, 4096> memory{};
  auto linger_task = net::linger(*plain, response_deadline, asio::buffer(memory), max_discarded_bytes);
  co_await std::move(linger_task);
}

}  // namespace

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
  const auto handshake_start = loop::current().now();
  const auto peer_address = plain->peer_address();
  auto handshake_task = context_->handshake(std::move(plain));
  auto accepted = co_await std::move(handshake_task);
  handshakes_[static_cast<std::size_t>(accepted.result)]->increment();
  if (!accepted.stream) {
    // A TCP health check of a load balancer connects and disconnects.
    const bool is_disconnect = accepted.result == net::tls_handshake_result::disconnected;
    log.write(is_disconnect ? telemetry::log_level::debug : telemetry::log_level::info, "TLS handshake failed",
              {{"result", net::to_string(accepted.result)},
               {"why", std::string_view{accepted.reason}},
               {"peer", std::string_view{peer_address}}});
    if (accepted.plain_http_stream) {
      auto reject_task = reject_plain_request(std::move(accepted.plain_http_stream));
      co_await std::move(reject_task);
    }
    co_return nullptr;
  }
  plain = std::move(accepted.stream);
  auto client = std::make_unique<tls_connection_info>();
  client->has_certificate = accepted.has_client_certificate;
  client->certificate_uris = std::move(accepted.client_uris);
  client->handshake_duration = loop::current().now() - handshake_start;
  co_return client;
}

}  // namespace cohort::http
