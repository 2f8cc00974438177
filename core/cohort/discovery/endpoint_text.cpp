// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/endpoint_text.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cohort/config/http_url.hpp>

namespace cohort::discovery {

std::optional<net::endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
  if (default_port != 0) {
    if (const auto endpoint = make_endpoint(text, default_port)) return endpoint;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto port = config::parse_port(text.substr(colon + 1));
  if (!port) return std::nullopt;
  const bool has_brackets = host.starts_with('[') && host.ends_with(']');
  if (has_brackets) host = host.substr(1, host.size() - 2);
  const auto parsed = make_endpoint(host, *port);
  if (!parsed || parsed->address().is_v6() != has_brackets) return std::nullopt;
  return parsed;
}

std::optional<net::endpoint> make_endpoint(std::string_view host, std::uint64_t port) {
  error_code error;
  const auto address = asio::ip::make_address(std::string{host}, error);
  // The system function stops at a NUL character, which a JSON string can contain.
  if (error || host.find('\0') != std::string_view::npos || address.is_unspecified() || port == 0 || port > 65535)
    return std::nullopt;
  return net::endpoint{address, static_cast<std::uint16_t>(port)};
}

}  // namespace cohort::discovery
