// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/connection/tunnel.hpp>

#include <cohort/http/client/protocol/exchange.hpp>
#include <cohort/runtime/version.hpp>

namespace cohort::http {
namespace {

std::string connect_request(const proxy_server& proxy, const origin& target) {
  const bool is_ipv6 = target.host.find(':') != std::string::npos;
  const auto authority = (is_ipv6 ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port);
  std::string text = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\nUser-Agent: cohort/";
  text.append(version()).append("\r\n");
  if (!proxy.authorization.empty()) text.append("Proxy-Authorization: ").append(proxy.authorization).append("\r\n");
  return text.append("\r\n");
}

}  // namespace

task<std::optional<client_error>> open_tunnel(net::stream& stream, const proxy_server& proxy, origin target) {
  recycled_string request{std::string_view{connect_request(proxy, target)}};
  const client_settings limits;
  // As with HEAD, a successful response has no body (RFC 9112 section 6.3).
  auto exchange_task = run_exchange(stream, std::move(request), true, limits);
  const auto result = co_await std::move(exchange_task);
  if (!result.response) {
    const auto error = result.response.error();
    if (error == client_error::cancelled) co_return error;
    co_return is_timeout(error) ? client_error::connect_timeout : client_error::proxy_failed;
  }
  const bool is_success = result.response->status_code() / 100 == 2;
  if (!is_success || result.has_excess_bytes) co_return client_error::proxy_failed;
  co_return std::nullopt;
}

}  // namespace cohort::http
