// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/response_head_scanner.hpp>

#include <charconv>

#include <cohort/http/message/field_line.hpp>

namespace cohort::http {
namespace {

/// The fields of a header section that determine where the message ends.
struct message_framing {
  std::optional<std::uint64_t> content_length;
  bool keep_alive = true;

  /// Returns false if the field does not have the most common form.
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

/// The status code of `HTTP/1.1 200 OK`, if the response has a body. Returns zero otherwise.
unsigned status_of(std::string_view line) noexcept {
  constexpr std::string_view version = "HTTP/1.1 ";
  if (!line.starts_with(version) || line.size() < version.size() + 4 || line[version.size() + 3] != ' ') return 0;
  unsigned status = 0;
  const auto* const code = line.data() + version.size();
  if (std::from_chars(code, code + 3, status).ptr != code + 3 || !is_field_value(line)) return 0;
  const bool has_body = status >= 200 && status <= 599 && status != 204 && status != 304;
  return has_body ? status : 0;
}

/// `field` is a view into `bytes`.
response_fields::position position_of(const field_line& field, std::string_view bytes) noexcept {
  const auto offset = [&](std::string_view part) { return static_cast<std::uint32_t>(part.data() - bytes.data()); };
  return {offset(field.name), static_cast<std::uint32_t>(field.name.size()), offset(field.value),
          static_cast<std::uint32_t>(field.value.size())};
}

}  // namespace

std::optional<scanned_head> scan_response_head(std::string_view bytes, response_fields* fields) {
  auto remaining = bytes;
  const auto status_line = take_line(remaining);
  const auto status = status_line ? status_of(*status_line) : 0;
  if (status == 0) return std::nullopt;
  message_framing framing;
  response_fields::position_list positions;
  if (fields) positions.reserve(response_fields::initial_capacity);
  while (!remaining.starts_with("\r\n")) {
    const auto field = take_field_line(remaining);
    if (!field || !framing.add(field->name, field->value)) return std::nullopt;
    if (fields) positions.push_back(position_of(*field, bytes));
  }
  if (!framing.content_length) return std::nullopt;
  remaining.remove_prefix(2);
  const auto size = bytes.size() - remaining.size();
  if (fields) *fields = response_fields{bytes.substr(0, size), std::move(positions)};
  return scanned_head{status, size, *framing.content_length, framing.keep_alive};
}

}  // namespace cohort::http
