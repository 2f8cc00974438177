// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/response_head_scanner.hpp>

#include <charconv>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

/// The fields of a header section that determine where the message ends.
struct message_framing {
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;

  /// False if the field is unusual.
  bool add(std::string_view name, std::string_view value) noexcept {
    switch (name.size()) {
      case 10: return !iequals(name, "connection") || add_connection(value);
      case 14: return !iequals(name, "content-length") || add_length(value);
      case 16: return !iequals(name, "proxy-connection");
      case 17: return !iequals(name, "transfer-encoding");
      default: return true;
    }
  }

 private:
  bool add_connection(std::string_view value) noexcept {
    if (iequals(value, "close")) keep_alive = false;
    return !keep_alive || iequals(value, "keep-alive");
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
  if (std::from_chars(code, code + 3, status).ptr != code + 3 || !is_field_value(line)) return 0;
  const bool has_body = status >= 200 && status <= 599 && status != 204 && status != 304;
  return has_body ? status : 0;
}

/// Removes the line at the start of `rest` with its CRLF, and returns it without the CRLF. No value if there is none.
std::optional<std::string_view> take_line(std::string_view& rest) noexcept {
  const auto end = rest.find('\r');
  if (end == std::string_view::npos || end + 1 >= rest.size() || rest[end + 1] != '\n') return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

}  // namespace

std::optional<scanned_head> scan_response_head(std::string_view bytes, response_fields* fields) {
  auto rest = bytes;
  const auto status_line = take_line(rest);
  const auto status = status_line ? status_of(*status_line) : 0;
  if (status == 0) return std::nullopt;
  message_framing framing;
  for (auto line = take_line(rest);; line = take_line(rest)) {
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto name = line->substr(0, colon);
    const auto value = trimmed(line->substr(colon + 1));
    if (!is_token(name) || !is_field_value(value) || !framing.add(name, value)) return std::nullopt;
    if (fields) fields->emplace_back(name, value);
  }
  if (!framing.content_length) return std::nullopt;
  return scanned_head{status, bytes.size() - rest.size(), *framing.content_length, framing.keep_alive};
}

}  // namespace cohort::http
