// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/proxy/forwarded_fields.hpp>

#include <algorithm>

#include <cohort/http/message/field_name_set.hpp>
#include <cohort/net/network.hpp>

namespace cohort::http {
namespace {

constexpr auto hop_by_hop_names = make_field_name_set(
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authentication-info", "te", "trailer",
    "proxy-authorization", "transfer-encoding", "upgrade", "http2-settings");

constexpr auto forwarded_names =
    make_field_name_set("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
                        "x-forwarded-server", "x-real-ip");

/// The values of all fields with this name, as one list.
std::string joined(const request_head& head, std::string_view name) {
  std::string list;
  for (const auto& field : head.fields) {
    if (!iequals(field.name, name) || field.value.empty()) continue;
    if (!list.empty()) list.append(", ");
    list.append(field.value);
  }
  return list;
}

/// A quoted-string (RFC 9110 section 5.6.4).
std::string quoted_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

/// A `for` of `Forwarded`: an IPv6 address is in brackets and quoted (RFC 7239 section 6).
std::string node(std::string_view address) {
  if (address == net::unix_peer_address) return "unknown";
  if (address.find(':') != std::string_view::npos) return quoted_string("[" + std::string{address} + "]");
  return std::string{address};
}

}  // namespace

void hop_by_hop_fields::add_connection(std::string_view value) {
  while (!value.empty()) {
    const auto name = next_list_element(value);
    if (!name.empty()) named_.push_back(name);
  }
}

bool hop_by_hop_fields::contains(std::string_view name) const noexcept {
  return hop_by_hop_names.contains(name) ||
         std::any_of(named_.begin(), named_.end(), [name](std::string_view other) { return iequals(name, other); });
}

bool is_forwarded_field(std::string_view name) noexcept { return forwarded_names.contains(name); }

void append_forwarded_fields(field_list& fields, const request_head& head, const forwarding_peer& client) {
  const std::string_view scheme = client.is_secure ? "https" : "http";
  const auto host = head.find(field::host).value_or(std::string_view{});
  const auto previous = [&](std::string_view name) { return client.is_trusted_proxy ? joined(head, name) : ""; };
  const auto append = [](std::string list, std::string_view element) {
    if (!list.empty()) list.append(", ");
    return list.append(element);
  };
  auto hop = "for=" + node(client.address);
  if (!host.empty()) hop.append(";host=").append(quoted_string(host));
  hop.append(";proto=").append(scheme);
  fields.emplace_back("Forwarded", append(previous("forwarded"), hop));
  fields.emplace_back("X-Forwarded-For", append(previous("x-forwarded-for"), client.address));
  // What the client itself used is of interest, not what a proxy used.
  const auto first = [&](std::string_view name, std::string_view own) {
    auto value = previous(name);
    return value.empty() ? std::string{own} : value;
  };
  fields.emplace_back("X-Forwarded-Proto", first("x-forwarded-proto", scheme));
  if (auto value = first("x-forwarded-host", host); !value.empty()) {
    fields.emplace_back("X-Forwarded-Host", std::move(value));
  }
}

std::string via_value(std::string_view previous, bool is_http_1_0, std::string_view pseudonym) {
  std::string value{previous};
  if (!value.empty()) value.append(", ");
  return value.append(is_http_1_0 ? "1.0 " : "1.1 ").append(pseudonym);
}

}  // namespace cohort::http
