// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/connection_parsers.hpp"

#include <cohort/config/http_url.hpp>
#include <cohort/http/message/request/target.hpp>

namespace cohort::loadgen {
namespace {

using config::value_parser;

/// The maximum length of a host name (RFC 1035 section 2.3.4).
constexpr std::size_t max_host_length = 253;

struct host_and_port {
  std::string host;
  std::uint16_t port = 0;
};

/// Returns the host without the brackets around an IPv6 address.
std::string strip_brackets(std::string_view host) {
  return std::string{host.starts_with('[') ? host.substr(1, host.size() - 2) : host};
}

bool is_host(std::string_view text) {
  const auto address_end = text.starts_with('[') ? text.rfind(']') : 0;
  return text.size() <= max_host_length && http::is_host_and_port(text) &&
         text.find(':', address_end) == std::string_view::npos;
}

/// Removes the text before the next colon from `text`. A colon in brackets belongs to an IPv6 address.
std::string_view take_field(std::string_view& text) {
  const auto bracket = text.starts_with('[') ? text.find(']') : 0;
  const auto colon = bracket == std::string_view::npos ? bracket : text.find(':', bracket);
  const auto part = text.substr(0, colon);
  text = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  return part;
}

/// Parses a port; zero if the text is empty.
std::optional<std::uint16_t> parse_optional_port(std::string_view text) {
  return text.empty() ? std::uint16_t{0} : config::parse_port(text);
}

/// Parses `HOST:PORT` at the start of `text`, and removes it. Host and port may be empty.
std::optional<host_and_port> take_host_and_port(std::string_view& text) {
  const auto host = take_field(text);
  const auto port = parse_optional_port(take_field(text));
  if (!port || (!host.empty() && host != "*" && !is_host(host))) return std::nullopt;
  return host_and_port{strip_brackets(host), *port};
}

std::optional<connect_override> parse_connect_to(std::string_view text) {
  const auto original = take_host_and_port(text);
  // The colon before the second host is required, although the text after it may be empty.
  if (!original || text.empty()) return std::nullopt;
  const auto replacement = take_host_and_port(text);
  if (!replacement || !text.empty() || original->host == "*" || replacement->host == "*") return std::nullopt;
  return connect_override{original->host, original->port, replacement->host, replacement->port};
}

std::optional<resolve_override> parse_resolve(std::string_view text) {
  const auto original = take_host_and_port(text);
  if (!original || original->host.empty() || original->port == 0 || text.empty()) return std::nullopt;
  resolve_override resolve_override{original->host, original->port, {}};
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    error_code invalid;
    resolve_override.addresses.push_back(asio::ip::make_address(strip_brackets(text.substr(0, comma)), invalid));
    if (invalid || comma + 1 == text.size()) return std::nullopt;
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return resolve_override;
}

}  // namespace

value_parser<connect_override> connect_to_parser() {
  return {parse_connect_to,
          "HOST1:PORT1:HOST2:PORT2 such as shop.example:443:127.0.0.1:8443, where each part may be empty"};
}

value_parser<resolve_override> resolve_parser() {
  return {parse_resolve, "HOST:PORT:ADDRESS[,ADDRESS]... such as shop.example:443:127.0.0.1"};
}

value_parser<std::string> server_name_parser() {
  return {[](std::string_view text) -> std::optional<std::string> {
            return is_host(text) ? std::optional{strip_brackets(text)} : std::nullopt;
          },
          "a host name such as shop.example, without a port"};
}

}  // namespace cohort::loadgen
