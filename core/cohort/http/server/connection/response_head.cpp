// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/connection/response_head.hpp>

#include <algorithm>

#include <cohort/http/message/field_name_set.hpp>
#include <cohort/http/message/head_writer.hpp>

namespace cohort::http {
namespace {

/// Upper bound of the size of a head without its variable parts: the date, the type, and the other fields.
constexpr std::size_t max_fixed_size = 256;

/// Beast 1.81 has no constant for 103 (RFC 8297).
constexpr auto early_hints = static_cast<status>(103);

void append_status_line(head_writer& output, status code) {
  if (code == status::ok) return output.text("HTTP/1.1 200 OK\r\n");
  output.text("HTTP/1.1 ");
  output.number(static_cast<unsigned>(code));
  output.text(" ");
  output.text(code == early_hints ? std::string_view{"Early Hints"}
                                  : std::string_view{boost::beast::http::obsolete_reason(code)});
  output.text("\r\n");
}

/// The common fields that a response may override.
constexpr auto replaceable_fields =
    make_field_name_set("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy",
                        "permissions-policy", "strict-transport-security");

std::string_view first_line(std::string_view lines) noexcept { return lines.substr(0, lines.find("\r\n") + 2); }

std::string_view field_name(std::string_view line) noexcept { return line.substr(0, line.find(':')); }

bool has_replaceable_field(std::string_view lines) noexcept {
  while (!lines.empty()) {
    const auto line = first_line(lines);
    if (replaceable_fields.contains(field_name(line))) return true;
    lines.remove_prefix(line.size());
  }
  return false;
}

/// Appends the lines of the common fields that the response does not set.
void append_missing_fields(head_writer& output, std::string_view lines, const response& result) {
  while (!lines.empty()) {
    const auto line = first_line(lines);
    if (!result.find(field_name(line))) output.text(line);
    lines.remove_prefix(line.size());
  }
}

}  // namespace

bool is_valid_final_response(const response& result, const request_head& head) noexcept {
  const auto code = static_cast<unsigned>(result.code());
  if (code != static_cast<unsigned>(status::switching_protocols)) return code >= 200 && code <= 999;
  const auto* const upgrade_function = result.upgrade_function();
  const auto protocol = result.find("upgrade");
  if (!upgrade_function || !*upgrade_function || !protocol || head.is_http_1_0) return false;
  return std::ranges::any_of(head.fields, [&](const auto& header) {
    return header.id == field::upgrade && has_list_element(header.value, *protocol);
  });
}

bool may_have_body(status code) noexcept {
  return code != status::no_content && code != status::reset_content && code != status::not_modified &&
         static_cast<unsigned>(code) >= 200;
}

void append_interim_head(recycled_string& output, const response& interim) {
  head_writer out{output, max_fixed_size + interim.header_lines().size()};
  append_status_line(out, interim.code());
  out.text(interim.header_lines());
  out.text("\r\n");
}

void append_response_head(recycled_string& output, const response& result, const response_framing& framing,
                          std::string_view date_line, std::string_view common_header_lines) {
  const auto type = result.static_content_type();
  const auto own_lines = result.header_lines();
  head_writer out{output,
                  max_fixed_size + date_line.size() + type.size() + own_lines.size() + common_header_lines.size()};
  append_status_line(out, result.code());
  out.text(date_line);
  if (!type.empty()) {
    out.text("Content-Type: ");
    out.text(type);
    out.text("\r\n");
  }
  if (framing.is_chunked) {
    out.text("Transfer-Encoding: chunked\r\n");
  } else if (result.code() == status::reset_content) {
    // A 205 has no content, but needs framing (RFC 9110 section 15.3.6).
    out.text("Content-Length: 0\r\n");
  } else if (framing.content_length && may_have_body(result.code())) {
    out.text("Content-Length: ");
    out.number(*framing.content_length);
    out.text("\r\n");
  }
  if (!framing.keep_alive) {
    out.text("Connection: close\r\n");
  } else if (framing.is_http_1_0) {
    out.text("Connection: keep-alive\r\n");
  }
  out.text(own_lines);
  if (has_replaceable_field(own_lines)) {
    append_missing_fields(out, common_header_lines, result);
  } else {
    out.text(common_header_lines);
  }
  out.text("\r\n");
}

}  // namespace cohort::http
