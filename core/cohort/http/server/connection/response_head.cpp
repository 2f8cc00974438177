// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/connection/response_head.hpp>

#include <charconv>

#include <cohort/http/message/field_name_set.hpp>

namespace cohort::http {
namespace {

void append_number(recycled_string& output, std::uint64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  output.append(digits, static_cast<std::size_t>(end - digits));
}

/// Beast 1.81 does not know 103 (RFC 8297).
constexpr auto early_hints = static_cast<status>(103);

void append_status_line(recycled_string& output, status code) {
  if (code == status::ok) {  // the usual case, and cheaper
    output += "HTTP/1.1 200 OK\r\n";
    return;
  }
  output += "HTTP/1.1 ";
  append_number(output, static_cast<unsigned>(code));
  output += ' ';
  if (code == early_hints) {
    output += "Early Hints";
  } else {
    output += boost::beast::http::obsolete_reason(code);
  }
  output += "\r\n";
}

/// The common fields that a response may have itself.
constexpr auto replaceable_fields =
    make_field_name_set("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy",
                        "permissions-policy", "strict-transport-security");

std::string_view first_line(std::string_view lines) noexcept { return lines.substr(0, lines.find("\r\n") + 2); }

std::string_view name_of(std::string_view line) noexcept { return line.substr(0, line.find(':')); }

bool has_replaceable_field(std::string_view lines) noexcept {
  while (!lines.empty()) {
    const auto line = first_line(lines);
    if (replaceable_fields.contains(name_of(line))) return true;
    lines.remove_prefix(line.size());
  }
  return false;
}

/// Appends the lines of the fields that the response does not have.
void append_missing_fields(recycled_string& output, std::string_view lines, const response& result) {
  while (!lines.empty()) {
    const auto line = first_line(lines);
    if (!result.find(name_of(line))) output += line;
    lines.remove_prefix(line.size());
  }
}

}  // namespace

bool may_have_body(status code) noexcept {
  return code != status::no_content && code != status::not_modified && static_cast<unsigned>(code) >= 200;
}

void append_interim_head(recycled_string& output, const response& interim) {
  append_status_line(output, interim.code());
  output.append(interim.header_lines()).append("\r\n");
}

void append_response_head(recycled_string& output, const response& result, const response_framing& framing,
                          std::string_view date_line, std::string_view common_header_lines) {
  append_status_line(output, result.code());
  output += date_line;
  if (const auto type = result.static_content_type(); !type.empty()) {
    output.append("Content-Type: ").append(type).append("\r\n");
  }
  if (framing.is_chunked) {
    output += "Transfer-Encoding: chunked\r\n";
  } else if (framing.content_length && may_have_body(result.code())) {
    output += "Content-Length: ";
    append_number(output, *framing.content_length);
    output += "\r\n";
  }
  if (!framing.keep_alive) {
    output += "Connection: close\r\n";
  } else if (framing.is_http_1_0) {
    output += "Connection: keep-alive\r\n";
  }
  output += result.header_lines();
  if (has_replaceable_field(result.header_lines())) {
    append_missing_fields(output, common_header_lines, result);
  } else {
    output += common_header_lines;
  }
  output += "\r\n";
}

}  // namespace cohort::http
