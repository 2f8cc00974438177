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
std::string join_values(const request_head& head, std::string_view name) {
  std::string list;
  for (const auto& field : head.fields) {
    if (!iequals(field.name, name) || field.value.empty()) continue;
    if (!list.empty()) list.append(", ");
    list.append(field.value);
  }
  return list;
}

/// Appends a quoted-string (RFC 9110 section 5.6.4).
void append_quoted(std::string& output, std::string_view text) {
  output += '"';
  for (auto special_position = text.find_first_of("\"\\"); special_position != text.npos;
       special_position = text.find_first_of("\"\\")) {
    output.append(text.substr(0, special_position)).append(1, '\\').append(1, text[special_position]);
    text.remove_prefix(special_position + 1);
  }
  output.append(text).append(1, '"');
}

/// Appends a `for` of `Forwarded`: an IPv6 address is in brackets and quoted (RFC 7239 section 6).
void append_node(std::string& output, std::string_view address) {
  if (address == net::unix_peer_address) {
    output.append("unknown");
  } else if (address.find(':') != std::string_view::npos) {
    output.append("\"[").append(address).append("]\"");
  } else {
    output.append(address);
  }
}

}  // namespace

void hop_by_hop_fields::add_connection(std::string_view value) {
  while (!value.empty()) {
    const auto name = next_list_element(value);
    if (!name.empty()) connection_options_.push_back(name);
  }
}

bool hop_by_hop_fields::contains(std::string_view name) const noexcept {
  return hop_by_hop_names.contains(name) ||
         std::any_of(connection_options_.begin(), connection_options_.end(),
                     [name](std::string_view other) { return iequals(name, other); });
}

bool is_forwarded_field(std::string_view name) noexcept { return forwarded_names.contains(name); }

void append_forwarded_fields(field_list& fields, const request_head& head, const forwarding_peer& client) {
  const std::string_view scheme = client.is_secure ? "https" : "http";
  const auto host = head.find(field::host).value_or(std::string_view{});
  const auto previous = [&](std::string_view name) {
    return client.is_trusted_proxy ? join_values(head, name) : std::string{};
  };
  // The list of the previous hops, with memory for an element of `size` bytes.
  const auto previous_list = [&](std::string_view name, std::size_t size) {
    auto list = previous(name);
    list.reserve(list.size() + std::string_view{", "}.size() + size);
    if (!list.empty()) list.append(", ");
    return list;
  };
  constexpr std::size_t max_constant_size = std::string_view{"for=\"[]\";host=\"\";proto=https"}.size();
  auto forwarded = previous_list("forwarded", max_constant_size + client.address.size() + host.size());
  append_node(forwarded.append("for="), client.address);
  if (!host.empty()) append_quoted(forwarded.append(";host="), host);
  forwarded.append(";proto=").append(scheme);
  fields.emplace_back("Forwarded", std::move(forwarded));
  auto addresses = previous_list("x-forwarded-for", client.address.size());
  fields.emplace_back("X-Forwarded-For", std::move(addresses.append(client.address)));
  // The first hop's values are kept, because they are the values of the client.
  const auto first = [&](std::string_view name, std::string_view default_value) {
    auto value = previous(name);
    return value.empty() ? std::string{default_value} : value;
  };
  fields.emplace_back("X-Forwarded-Proto", first("x-forwarded-proto", scheme));
  if (auto value = first("x-forwarded-host", host); !value.empty()) {
    fields.emplace_back("X-Forwarded-Host", std::move(value));
  }
}

bool is_same_cgi_name(std::string_view first, std::string_view second) {
  std::string first_storage;
  std::string second_storage;
  return iequals(with_hyphens(first, first_storage), with_hyphens(second, second_storage));
}

std::string_view with_hyphens(std::string_view name, std::string& storage) {
  if (name.find('_') == std::string_view::npos) return name;
  storage = name;
  std::replace(storage.begin(), storage.end(), '_', '-');
  return storage;
}

std::string via_value(std::string_view previous, bool is_http_1_0, std::string_view pseudonym) {
  std::string value;
  value.reserve(previous.size() + std::string_view{", 1.1 "}.size() + pseudonym.size());
  value.append(previous);
  if (!value.empty()) value.append(", ");
  return value.append(is_http_1_0 ? "1.0 " : "1.1 ").append(pseudonym);
}

}  // namespace cohort::http
