// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/websocket/handshake.hpp>

#include <openssl/sha.h>

#include <algorithm>

#include <cohort/http/message/base64.hpp>
#include <cohort/http/message/field.hpp>
#include <cohort/http/websocket/permessage_deflate.hpp>

namespace cohort::http {
namespace {

constexpr std::string_view accept_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_length = 24;
constexpr std::string_view supported_version = "13";

std::string base64_text(const unsigned char* bytes, std::size_t size) {
  return encode_base64({reinterpret_cast<const char*>(bytes), size});
}

/// The Base64 of 16 bytes: 22 characters and `==`. The four unused bits may have any value, as RFC 4648 section 3.5
/// permits.
bool is_valid_key(std::string_view key) noexcept {
  if (key.size() != key_length || !key.ends_with("==")) return false;
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  const auto digits = key.substr(0, key_length - 2);
  return std::all_of(digits.begin(), digits.end(), is_digit);
}

std::string_view strip_default_port(std::string_view host, std::string_view scheme) noexcept {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  return host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host;
}

/// All values of a list field, joined.
std::size_t count_fields(const request_head& head, std::string_view name) {
  const auto has_name = [name](const header_field& field) { return iequals(field.name, name); };
  return static_cast<std::size_t>(std::count_if(head.fields.begin(), head.fields.end(), has_name));
}

std::string choose_subprotocol(const request_head& head, const std::vector<std::string>& supported) {
  const auto offered_subprotocols = head.join_values("sec-websocket-protocol").value_or("");
  for (const auto& candidate : supported) {
    for (std::string_view remaining = offered_subprotocols; !remaining.empty();)
      if (next_list_element(remaining) == candidate) return candidate;
  }
  return {};
}

response upgrade_required(std::string_view message) {
  auto required = error_response(status::upgrade_required, message);
  required.offer_upgrade("websocket").set("Sec-WebSocket-Version", supported_version);
  return required;
}

/// The response to an invalid request; none if it is valid.
std::optional<response> find_rejection(const request_head& head, const handshake_settings& settings) {
  if (head.method != method::get) return error_response(status::bad_request, "A WebSocket handshake must use GET");
  if (!has_list_element(head, "upgrade", "websocket"))
    return upgrade_required("This resource is a WebSocket: the request must have Upgrade: websocket");
  if (head.is_http_1_0) return error_response(status::bad_request, "A WebSocket handshake must use HTTP/1.1");
  if (!has_list_element(head, "connection", "upgrade"))
    return error_response(status::bad_request, "The field Connection must contain Upgrade");
  if (count_fields(head, "sec-websocket-version") > 1)
    return error_response(status::bad_request, "The field Sec-WebSocket-Version is repeated");
  if (head.find("sec-websocket-version").value_or(std::string_view{}) != supported_version)
    return upgrade_required("Only the WebSocket version 13 is supported");
  const auto key = head.find("sec-websocket-key");
  if (!key || count_fields(head, "sec-websocket-key") != 1 || !is_valid_key(*key))
    return error_response(status::bad_request, "The field Sec-WebSocket-Key must be 16 bytes in Base64");
  const auto length = head.find("content-length").value_or("0");
  if (length != "0" || head.find("transfer-encoding"))
    return error_response(status::bad_request, "A WebSocket handshake must not have a body");
  if (count_fields(head, "origin") > 1) return error_response(status::bad_request, "The field Origin is repeated");
  const auto origin = head.find("origin");
  const auto host = head.find("host").value_or(std::string_view{});
  if (origin && !is_allowed_origin(*origin, host, settings.allowed_origins))
    return error_response(status::forbidden, "Pages of this origin may not open a WebSocket here");
  return std::nullopt;
}

}  // namespace

std::string websocket_accept_value(std::string_view key) {
  const auto text = std::string{key}.append(accept_guid);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_text(digest.data(), digest.size());
}

std::string websocket_key(const std::array<unsigned char, 16>& bytes) {
  return base64_text(bytes.data(), bytes.size());
}

bool has_list_element(const request_head& head, std::string_view name, std::string_view element) {
  return has_list_element(head.join_values(name).value_or(""), element);
}

bool is_allowed_origin(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed) {
  if (!allowed.empty()) {
    return std::any_of(allowed.begin(), allowed.end(),
                       [origin](const auto& entry) { return entry == "*" || iequals(entry, origin); });
  }
  const auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const auto scheme = origin.substr(0, scheme_end);
  const auto authority = strip_default_port(origin.substr(scheme_end + 3), scheme);
  return !authority.empty() && iequals(authority, strip_default_port(host, scheme));
}

std::optional<accepted_handshake> accept_handshake(const request_head& head, const handshake_settings& settings,
                                                   response& rejection) {
  if (auto found = find_rejection(head, settings)) {
    rejection = std::move(*found);
    return std::nullopt;
  }
  accepted_handshake handshake;
  handshake.accept = websocket_accept_value(*head.find("sec-websocket-key"));
  handshake.subprotocol = choose_subprotocol(head, settings.subprotocols);
  if (settings.compression) {
    const auto offers = head.join_values("sec-websocket-extensions").value_or("");
    handshake.extensions = accept_deflate_offer(offers).value_or(std::string{});
  }
  return handshake;
}

}  // namespace cohort::http
