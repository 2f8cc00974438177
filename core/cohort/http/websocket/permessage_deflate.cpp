// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/websocket/permessage_deflate.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <utility>

#include <cohort/http/message/field.hpp>
#include <cohort/runtime/thread_object.hpp>

namespace cohort::http {
namespace {

constexpr int raw_deflate = -15;
constexpr int memory_level = 8;
/// The last bytes of each compressed message, which are not sent (RFC 7692 section 7.2.1).
constexpr std::string_view message_end{"\x00\x00\xFF\xFF", 4};

struct deflate_state {
  z_stream stream{};
  deflate_state() {
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw_deflate, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc{};
  }
  ~deflate_state() { deflateEnd(&stream); }
};

struct inflate_state {
  z_stream stream{};
  inflate_state() {
    if (inflateInit2(&stream, raw_deflate) != Z_OK) throw std::bad_alloc{};
  }
  ~inflate_state() { inflateEnd(&stream); }
};

void set_input(z_stream& stream, std::string_view bytes) noexcept {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

/// The parameters of one extension.
struct parameters {
  bool is_valid = true;
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  /// Zero if absent.
  int server_max_window_bits = 0;
  bool has_client_max_window_bits = false;
};

bool set_flag(bool& flag) noexcept { return !std::exchange(flag, true); }

/// Parses a number from 8 to 15 without leading zeros (RFC 7692 section 7.1.2). Returns zero for any other text.
int parse_window_bits(std::string_view value) noexcept {
  if (value.size() > 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  int bits = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bits);
  const bool is_number = error == std::errc{} && end == value.data() + value.size() && value.front() != '0';
  return is_number && bits >= 8 && bits <= 15 ? bits : 0;
}

bool parse_parameter(std::string_view name, std::string_view value, bool has_value, parameters& result) noexcept {
  if (iequals(name, "server_no_context_takeover")) return !has_value && set_flag(result.server_no_context_takeover);
  if (iequals(name, "client_no_context_takeover")) return !has_value && set_flag(result.client_no_context_takeover);
  if (iequals(name, "client_max_window_bits")) {
    return (!has_value || parse_window_bits(value) != 0) && set_flag(result.has_client_max_window_bits);
  }
  if (!iequals(name, "server_max_window_bits") || result.server_max_window_bits != 0) return false;
  result.server_max_window_bits = parse_window_bits(value);
  return result.server_max_window_bits != 0;
}

/// Parses `permessage-deflate` and its parameters.
parameters parse_extension(std::string_view text) noexcept {
  parameters result;
  result.is_valid = !text.ends_with(';');
  for (bool is_name = true; result.is_valid && !text.empty(); is_name = false) {
    const auto element = trimmed(text.substr(0, text.find(';')));
    text = text.substr(std::min(text.size(), text.find(';')));
    if (!text.empty()) text.remove_prefix(1);
    const auto equals = element.find('=');
    const auto name = trimmed(element.substr(0, equals));
    const bool has_value = equals != std::string_view::npos;
    const auto value = has_value ? trimmed(element.substr(equals + 1)) : std::string_view{};
    result.is_valid =
        is_name ? iequals(element, "permessage-deflate") : parse_parameter(name, value, has_value, result);
  }
  return result;
}

}  // namespace

std::optional<std::string> accept_deflate_offer(std::string_view offers) {
  while (!offers.empty()) {
    const auto offer = next_list_element(offers);
    if (offer.empty()) continue;
    const auto requested_parameters = parse_extension(offer);
    if (!requested_parameters.is_valid) continue;
    if (requested_parameters.server_max_window_bits != 0 && requested_parameters.server_max_window_bits != 15) continue;
    std::string response = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    if (requested_parameters.server_max_window_bits != 0) response += "; server_max_window_bits=15";
    return response;
  }
  return std::nullopt;
}

bool is_valid_deflate_response(std::string_view response) {
  const auto accepted = parse_extension(response);
  // This client always compresses with a window of 32 KiB, so the server must not request a smaller window.
  return accepted.is_valid && accepted.server_no_context_takeover && !accepted.has_client_max_window_bits;
}

std::string deflate_message(std::string_view message) {
  auto& stream = thread_object<deflate_state>().stream;
  deflateReset(&stream);
  set_input(stream, message);
  // With additional space for the flush marker, one call is sufficient.
  std::string payload(deflateBound(&stream, static_cast<uLong>(message.size())) + 16, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(payload.data());
  stream.avail_out = static_cast<uInt>(payload.size());
  deflate(&stream, Z_SYNC_FLUSH);
  payload.resize(payload.size() - stream.avail_out);
  if (payload.ends_with(message_end)) payload.resize(payload.size() - message_end.size());
  return payload;
}

std::optional<std::string> inflate_message(std::string_view payload, std::size_t max_bytes, bool& is_too_large) {
  auto& stream = thread_object<inflate_state>().stream;
  inflateReset(&stream);
  is_too_large = false;
  std::string message;
  std::array<char, 16 * 1024> block;
  for (const auto part : {payload, message_end}) {
    set_input(stream, part);
    for (bool has_more = true; has_more;) {
      stream.next_out = reinterpret_cast<Bytef*>(block.data());
      stream.avail_out = static_cast<uInt>(block.size());
      const int code = inflate(&stream, Z_SYNC_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return std::nullopt;
      const auto size = block.size() - stream.avail_out;
      is_too_large = message.size() + size > max_bytes;
      if (is_too_large) return std::nullopt;
      message.append(block.data(), size);
      // A final block may be followed by others (RFC 7692 section 7.2.3.4).
      if (code == Z_STREAM_END) inflateReset(&stream);
      has_more = stream.avail_out == 0 || (stream.avail_in > 0 && code != Z_BUF_ERROR);
    }
    if (stream.avail_in > 0) return std::nullopt;
  }
  return message;
}

}  // namespace cohort::http
