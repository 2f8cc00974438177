// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/response_scanner.hpp"

#include <charconv>
#include <cstdint>

#include <cohort/http/message/field.hpp>

namespace cohort::loadgen {
namespace {

/// Has no early exit, so that the compiler can use vector instructions.
bool has_control_character(std::string_view text) noexcept {
  unsigned found = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    found |= static_cast<unsigned>(byte < 0x20) | static_cast<unsigned>(byte == 0x7f);
  }
  return found != 0;
}

/// The fields of a header section that determine where the message ends.
struct framing {
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;

  /// False if the field is unusual.
  bool add(std::string_view name, std::string_view value) noexcept {
    switch (name.size()) {
      case 10: return !http::iequals(name, "connection") || add_connection(value);
      case 14: return !http::iequals(name, "content-length") || add_length(value);
      case 16: return !http::iequals(name, "proxy-connection");
      case 17: return !http::iequals(name, "transfer-encoding");
      default: return true;
    }
  }

 private:
  bool add_connection(std::string_view value) noexcept {
    if (http::iequals(value, "close")) keep_alive = false;
    return !keep_alive || http::iequals(value, "keep-alive");
  }
  bool add_length(std::string_view value) noexcept {
    constexpr std::size_t max_digits = 15;
    std::uint64_t length = 0;
    const auto* const end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, length);
    if (content_length || value.size() > max_digits || parsed.ec != std::errc{} || parsed.ptr != end) return false;
    content_length = length;
    return true;
  }
};

/// The status code of `HTTP/1.1 200 OK`, if the response has a body. Zero otherwise.
unsigned status_of(std::string_view line) noexcept {
  constexpr std::string_view version = "HTTP/1.1 ";
  if (!line.starts_with(version) || line.size() < version.size() + 4 || line[version.size() + 3] != ' ') return 0;
  unsigned status = 0;
  const auto* const code = line.data() + version.size();
  if (std::from_chars(code, code + 3, status).ptr != code + 3) return 0;
  const bool has_body = status >= 200 && status <= 599 && status != 204 && status != 304;
  return has_body ? status : 0;
}

/// Removes the line at the start of `rest` with its CRLF, and returns it without the CRLF. Empty if it is incomplete or
/// has a control character.
std::optional<std::string_view> take_line(std::string_view& rest) noexcept {
  const auto end = rest.find('\r');
  if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != '\n') return std::nullopt;
  const auto line = rest.substr(0, end);
  if (has_control_character(line)) return std::nullopt;
  rest.remove_prefix(end + 2);
  return line;
}

}  // namespace

std::optional<scanned_response> scan_response(std::string_view bytes) noexcept {
  auto rest = bytes;
  const auto status_line = take_line(rest);
  const auto status = status_line ? status_of(*status_line) : 0;
  if (status == 0) return std::nullopt;
  framing fields;
  for (auto line = take_line(rest);; line = take_line(rest)) {
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos || !http::is_token(line->substr(0, colon))) return std::nullopt;
    if (!fields.add(line->substr(0, colon), http::trimmed(line->substr(colon + 1)))) return std::nullopt;
  }
  if (!fields.content_length || *fields.content_length > rest.size()) return std::nullopt;
  const auto header_size = bytes.size() - rest.size();
  return scanned_response{status, header_size + static_cast<std::size_t>(*fields.content_length), fields.keep_alive};
}

}  // namespace cohort::loadgen
