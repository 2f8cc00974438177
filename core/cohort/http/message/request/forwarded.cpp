// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/forwarded.hpp>

#include <algorithm>
#include <boost/url/grammar/alnum_chars.hpp>
#include <charconv>
#include <cstdint>

#include <cohort/http/message/field.hpp>
#include <cohort/http/message/request/target.hpp>

namespace cohort::http {
namespace {

using hop_list = std::vector<forwarded_hop>;

/// Maximum number of hops; a field with more is malformed. Real proxy chains have only a few hops.
constexpr std::size_t max_hops = 64;

/// Whether `text` is an obfuscated identifier: `_` followed by letters, digits, `.`, `_` or `-` (RFC 7239 section 6.3).
bool is_obfuscated(std::string_view text) noexcept {
  return text.size() > 1 && text[0] == '_' && std::all_of(text.begin() + 1, text.end(), [](char c) {
           return boost::urls::grammar::alnum_chars(c) || c == '.' || c == '_' || c == '-';
         });
}

/// Whether `text` is a TCP port of up to five digits, or an obfuscated port (RFC 7239 section 6).
bool is_node_port(std::string_view text) noexcept {
  if (is_obfuscated(text)) return true;
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return text.size() <= 5 && error == std::errc{} && stop == end;
}

/// Parses a node (RFC 7239 section 6): an IPv4 address or an IPv6 address in brackets, `unknown` or an obfuscated
/// name, each with an optional port. Returns false if it is malformed. Many proxies omit the brackets in
/// `X-Forwarded-For`.
bool parse_node(std::string_view node, bool may_omit_brackets, forwarded_hop& hop) {
  if (may_omit_brackets && std::count(node.begin(), node.end(), ':') > 1 && node[0] != '[') {
    hop.address = net::parse_address(node);
    return hop.address && node.find('%') == std::string_view::npos;
  }
  auto name = node;
  std::string_view port;
  const auto end_of_name = node.starts_with('[') ? node.find(']') : node.find(':');
  if (node.starts_with('[')) {
    if (end_of_name == std::string_view::npos) return false;
    name = node.substr(1, end_of_name - 1);
    port = node.substr(end_of_name + 1);
  } else if (end_of_name != std::string_view::npos) {
    name = node.substr(0, end_of_name);
    port = node.substr(end_of_name);
  }
  if (!port.empty() && (port[0] != ':' || !is_node_port(port.substr(1)))) return false;
  if (!node.starts_with('[') && (iequals(name, "unknown") || is_obfuscated(name))) return true;
  if ((name.find(':') != std::string_view::npos) != node.starts_with('[')) return false;
  if (name.find('%') != std::string_view::npos) return false;
  hop.address = net::parse_address(name);
  return hop.address.has_value();
}

/// Reads a token or a quoted string (RFC 9110 section 5.6.4) and removes it from `text`. Returns an empty result if it
/// is malformed.
std::optional<std::string> take_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find_first_of(";, \t"), text.size());
    value = text.substr(0, end);
    text.remove_prefix(end);
    // Unquoted ports and IPv6 addresses violate the grammar of a token; some proxies send them.
    const auto is_tolerated_char = [](char c) { return c == ':' || c == '[' || c == ']'; };
    auto token = value;
    std::erase_if(token, is_tolerated_char);
    return is_token(token) ? std::optional{value} : std::nullopt;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) return std::nullopt;
    value.push_back(text[i]);
  }
  return std::nullopt;
}

void skip_whitespace(std::string_view& text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

bool is_proto(std::string_view text) noexcept { return iequals(text, "http") || iequals(text, "https"); }
std::string normalized_proto(std::string_view text) { return iequals(text, "https") ? "https" : "http"; }

/// A host with an optional port. Sub-delims (RFC 3986 section 2.2) are rejected, because host names do not need them.
bool is_host(std::string_view text) noexcept {
  return text.size() <= 255 && text.find_first_of("!$&'()*+,;=") == std::string_view::npos && is_host_and_port(text);
}

/// Applies one parameter of a `Forwarded` element. Returns false if it is malformed.
bool apply_parameter(std::string_view name, std::string_view value, forwarded_hop& hop, bool& has_node) {
  if (iequals(name, "for")) return !std::exchange(has_node, true) && parse_node(value, false, hop);
  if (iequals(name, "proto")) {
    if (!hop.proto.empty() || !is_proto(value)) return false;
    hop.proto = normalized_proto(value);
  } else if (iequals(name, "host")) {
    if (!hop.host.empty() || !is_host(value)) return false;
    hop.host = value;
  }
  return true;
}

/// Parses one element (`for=…;proto=…`) and removes it, up to its comma.
bool take_element(std::string_view& text, forwarded_hop& hop) {
  bool has_node = false;
  for (;;) {
    const auto equals = text.find_first_of("=;,");
    if (equals == std::string_view::npos || text[equals] != '=') return false;
    const auto name = text.substr(0, equals);
    if (!is_token(name)) return false;
    text.remove_prefix(equals + 1);
    const auto value = take_value(text);
    if (!value || !apply_parameter(name, *value, hop, has_node)) return false;
    skip_whitespace(text);
    if (!text.starts_with(';')) return text.empty() || text[0] == ',';
    text.remove_prefix(1);
    skip_whitespace(text);
  }
}

/// The index of the client's hop. Precondition: there is a hop.
std::size_t client_index(const hop_list& hops, const net::network_list& trusted_networks) {
  auto index = hops.size();
  while (index > 0) {
    --index;
    const auto& address = hops[index].address;
    // The hops before a hidden node cannot be attributed to a trusted proxy.
    if (!address || !trusted_networks.contains(*address)) break;
  }
  return index;
}

/// The client's hop and its index; empty if one of the visited elements is malformed.
std::optional<forwarded_hop> find_x_forwarded_for(std::string_view value, const net::network_list& trusted_networks,
                                                  std::size_t& index) {
  std::vector<std::string_view> elements;
  while (!value.empty()) {
    const auto element = next_list_element(value);
    if (!element.empty()) elements.push_back(element);
  }
  std::optional<forwarded_hop> hop;
  for (index = elements.size(); index > 0;) {
    --index;
    hop = parse_x_forwarded_for_element(elements[index]);
    if (!hop || !hop->address || !trusted_networks.contains(*hop->address)) break;
  }
  return hop;
}

/// The element at `index` of a list; the last element if there are fewer.
std::string_view list_element(std::string_view list, std::size_t index) {
  std::string_view element;
  for (std::size_t i = 0; i <= index && !list.empty(); ++i) element = next_list_element(list);
  return element;
}

void add_proto_and_host(const request_head& head, std::size_t index, forwarded_client& client) {
  if (const auto protos = head.join_values("x-forwarded-proto")) {
    const auto proto = list_element(*protos, index);
    if (is_proto(proto)) client.proto = normalized_proto(proto);
    client.is_malformed = client.is_malformed || !is_proto(proto);
  }
  if (const auto hosts = head.join_values("x-forwarded-host")) {
    const auto host = list_element(*hosts, index);
    if (is_host(host)) client.host = host;
    client.is_malformed = client.is_malformed || !is_host(host);
  }
}

}  // namespace

std::optional<std::vector<forwarded_hop>> parse_forwarded(std::string_view value) {
  hop_list hops;
  for (;;) {
    skip_whitespace(value);
    // Empty elements are ignored (RFC 9110 section 5.6.1.2).
    if (value.empty()) break;
    if (value[0] != ',') {
      if (hops.size() == max_hops || !take_element(value, hops.emplace_back())) return std::nullopt;
    }
    if (!value.empty()) value.remove_prefix(1);
  }
  if (hops.empty()) return std::nullopt;
  return hops;
}

std::optional<forwarded_hop> parse_x_forwarded_for_element(std::string_view element) {
  forwarded_hop hop;
  if (element.empty() || !parse_node(element, true, hop)) return std::nullopt;
  return hop;
}

forwarded_client find_forwarded_client(const request_head& head, const net::network_list& trusted_networks) {
  forwarded_client malformed;
  malformed.is_malformed = true;
  forwarded_client client;
  const auto forwarded_field = head.join_values("forwarded");
  const auto x_forwarded_for = head.join_values("x-forwarded-for");
  std::size_t legacy_index = 0;
  if (x_forwarded_for) {
    const auto hop = find_x_forwarded_for(*x_forwarded_for, trusted_networks, legacy_index);
    if (!hop) return malformed;
    if (hop->address) client.address = hop->address->to_string();
  }
  if (!forwarded_field) {
    add_proto_and_host(head, legacy_index, client);
    return client.is_malformed ? malformed : client;
  }
  const auto hops = parse_forwarded(*forwarded_field);
  if (!hops) return malformed;
  const auto& hop = (*hops)[client_index(*hops, trusted_networks)];
  const auto address = hop.address ? hop.address->to_string() : std::string{};
  if (x_forwarded_for && address != client.address) return malformed;
  client.address = address;
  client.proto = hop.proto;
  client.host = hop.host;
  return client;
}

}  // namespace cohort::http
