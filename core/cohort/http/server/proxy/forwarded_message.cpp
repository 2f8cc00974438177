// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/proxy/forwarded_message.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>
#include <charconv>

#include <cohort/http/client/protocol/url_encoding.hpp>
#include <cohort/http/message/field_name_set.hpp>
#include <cohort/http/message/head_writer.hpp>
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/http/server/proxy/forwarded_fields.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort::http {
namespace {

/// Fields of the request that the client sets itself or that this server has processed.
constexpr auto replaced_request_fields =
    make_field_name_set("host", "content-length", "expect", "via", "x-request-id", "traceparent", "tracestate",
                        envoy_timeout_field, grpc_timeout_field);

/// Response fields that the server writes itself, and `Content-Type`, which `response::body` sets.
constexpr auto replaced_response_fields = make_field_name_set("content-length", "content-type", "date", "via");

constexpr std::string_view connection_field_name = "connection";
constexpr std::string_view via_field_name = "via";
constexpr std::string_view location_field_name = "location";

/// Maximum size of the fields that the server adds to a response.
constexpr std::size_t max_added_bytes = 512;

/// An encoded slash is not a separator, so it differs from every character.
constexpr int encoded_slash = 256;

/// Removes the first character of a non-empty path and returns it, percent-decoded; or `encoded_slash`. A `%` that does
/// not start a percent-encoding is returned unchanged.
int take_character(std::string_view& path) noexcept {
  const auto first = static_cast<unsigned char>(path.front());
  unsigned char decoded = 0;
  if (first == '%' && path.size() >= 3) {
    const auto* const digits = path.data() + 1;
    if (std::from_chars(digits, digits + 2, decoded, 16).ptr == digits + 2) {
      path.remove_prefix(3);
      return decoded == '/' ? encoded_slash : decoded;
    }
  }
  path.remove_prefix(1);
  return first;
}

/// The path of the request below the base URL: without the prefix, whose characters are compared percent-decoded, as
/// routes are (RFC 3986 section 6.2.2.2).
std::string_view forwarded_path(std::string_view path, std::string_view prefix, bool merges_slashes) noexcept {
  auto remaining = path;
  while (!prefix.empty()) {
    const auto expected = take_character(prefix);
    if (remaining.empty() || take_character(remaining) != expected) return path;
    while (merges_slashes && expected == '/' && remaining.starts_with('/')) remaining.remove_prefix(1);
  }
  return remaining.empty() || remaining.front() == '/' ? remaining : path;
}

/// Sets the empty `url` to the URL of the upstream for a request. Returns false if the target of the request is
/// invalid.
bool make_target_url(boost::urls::url& url, const proxy_target& to, const request_head& head) {
  // The asterisk of `OPTIONS *` is not a path, and would become part of the host.
  if (!head.path.starts_with('/')) return false;
  const auto path = forwarded_path(head.path, to.options.strip_prefix, to.options.merges_slashes);
  const std::string_view origin = to.origin.buffer();
  recycled_string text;
  text.reserve(origin.size() + to.base_path.size() + path.size() + std::string_view{"/?"}.size() + head.query.size());
  text.append(origin).append(to.base_path);
  append_encoded_target(text, path.empty() && to.base_path.empty() ? "/" : path);
  const auto full_path = std::string_view{text}.substr(origin.size());
  if (head.query.empty()) {
    // Setting the path is faster than parsing the entire text. Boost.URL changes some paths, such as `/` to `/./`.
    url.reserve(text.size());
    url = to.origin;
    url.set_encoded_path(full_path);
    if (std::string_view{url.buffer()} == text) return true;
  } else {
    append_encoded_target(text.append("?"), head.query);
  }
  const auto parsed = boost::urls::parse_uri(text);
  if (parsed) url = *parsed;
  return parsed.has_value();
}

void append_request_fields(client_request& request, const proxy_target& to, const request_context& context,
                           std::string_view upgrade) {
  const auto& head = context.head();
  hop_by_hop_fields hop_by_hop;
  std::string via;
  for (const auto& field : head.fields) {
    if (field.id == field::connection) hop_by_hop.add_connection(field.value);
    if (field.id == field::via) via.append(via.empty() ? "" : ", ").append(field.value);
  }
  request.fields.reserve(head.fields.size() + 8);
  std::string storage;
  for (const auto& field : head.fields) {
    // Otherwise, `X_Forwarded_For` would replace the field that this server sets.
    const auto name = with_hyphens(field.name, storage);
    const bool is_replaced = replaced_request_fields.contains(name) || is_forwarded_field(name);
    if (is_replaced || hop_by_hop.contains(name) || hop_by_hop.contains(field.name)) continue;
    request.fields.emplace_back(std::string{field.name}, std::string{field.value});
  }
  // Without a trusted proxy, the client's address is the peer's address, or the address in the PROXY protocol header.
  const bool is_trusted = context.is_from_trusted_proxy();
  const auto address = is_trusted ? context.peer_address() : context.client_address();
  append_forwarded_fields(request.fields, head, {address, context.tls() != nullptr, is_trusted});
  request.fields.emplace_back("Via", via_value(via, head.is_http_1_0, to.options.via));
  if (upgrade.empty()) return;
  request.fields.emplace_back("Connection", "Upgrade");
  request.fields.emplace_back("Upgrade", std::string{upgrade});
}

/// The `Location` of a response, rewritten to a path of this proxy if it is below the base URL.
std::string location_of(std::string_view location, const proxy_target& to) {
  const auto& prefix = to.options.strip_prefix;
  auto path = location;
  if (path.starts_with(to.public_origin)) path.remove_prefix(to.public_origin.size());
  const bool is_same_origin = path.size() < location.size() ? (path.empty() || path.front() == '/')
                                                            : (path.starts_with('/') && !path.starts_with("//"));
  const bool is_below =
      path.starts_with(to.base_path) && (path.size() == to.base_path.size() || path[to.base_path.size()] == '/');
  if (!is_same_origin || !is_below) return std::string{location};
  return prefix + std::string{path.substr(to.base_path.size())};
}

}  // namespace

std::string requested_upgrade(const request_head& head, const std::vector<std::string>& upgrades) {
  std::string protocols;
  if (head.is_http_1_0 || head.method != method::get) return protocols;
  bool is_connection_option = false;
  for (const auto& field : head.fields) {
    if (field.id != field::connection && field.id != field::upgrade) continue;
    for (auto list = field.value; !list.empty();) {
      const auto element = next_list_element(list);
      if (field.id == field::connection) {
        is_connection_option = is_connection_option || iequals(element, "upgrade");
      } else if (std::any_of(upgrades.begin(), upgrades.end(),
                             [&](const auto& name) { return iequals(element, name); })) {
        protocols.append(protocols.empty() ? "" : ", ").append(element);
      }
    }
  }
  if (!is_connection_option) protocols.clear();
  return protocols;
}

bool make_forwarded_request(client_request& request, const proxy_target& to, const request_context& context,
                            std::string_view upgrade) {
  const auto& head = context.head();
  if (!make_target_url(request.url, to, head)) return false;
  request.method = head.method;
  if (to.options.preserve_host) request.host = head.find(field::host).value_or(std::string_view{});
  append_request_fields(request, to, context, upgrade);
  return true;
}

void append_response_fields(response& result, const client_response& head, const proxy_target& to) {
  hop_by_hop_fields hop_by_hop;
  std::string via;
  std::size_t bytes = max_added_bytes;
  for (const auto& [name, value] : head.fields) {
    bytes += name.size() + value.size() + std::string_view{": \r\n"}.size();
    if (name.size() == connection_field_name.size() && iequals(name, connection_field_name))
      hop_by_hop.add_connection(value);
    if (name.size() == via_field_name.size() && iequals(name, via_field_name))
      via.append(via.empty() ? "" : ", ").append(value);
    if (name.size() == location_field_name.size()) bytes += to.options.strip_prefix.size();
  }
  via = via_value(via, false, to.options.via);
  recycled_string lines;
  {
    head_writer output{lines, bytes + via.size()};
    for (const auto& [name, value] : head.fields) {
      if (replaced_response_fields.contains(name) || hop_by_hop.contains(name)) continue;
      if (name.size() == location_field_name.size() && iequals(name, location_field_name)) {
        output.field(name, location_of(value, to));
      } else {
        output.field(name, value);
      }
    }
    output.field("Via", via);
  }
  result.append_lines(std::move(lines));
}

}  // namespace cohort::http
