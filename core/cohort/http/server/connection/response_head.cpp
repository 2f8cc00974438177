// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/connection/response_head.hpp>

#include <algorithm>
#include <charconv>

#include <cohort/http/message/field_name_set.hpp>

namespace cohort::http {
namespace {

/// Upper bound of the size of a head without its variable parts: the date, the type, and the other fields.
constexpr std::size_t max_fixed_size = 256;

/// Beast 1.81 has no constant for 103 (RFC 8297).
constexpr auto early_hints = static_cast<status>(103);

/// Appends to memory that is reserved once for a whole head, which is cheaper than appending to a string.
class head_writer {
 public:
  head_writer(recycled_string& output, std::size_t max_size) : output_(output) {
    const auto start = output.size();
    output.resize(start + max_fixed_size + max_size);
    end_ = output.data() + start;
  }
  ~head_writer() { output_.resize(static_cast<std::size_t>(end_ - output_.data())); }
  head_writer(const head_writer&) = delete;
  head_writer& operator=(const head_writer&) = delete;

  void text(std::string_view text) noexcept { end_ = std::copy_n(text.data(), text.size(), end_); }
  void number(std::uint64_t number) noexcept { end_ = std::to_chars(end_, end_ + max_digits, number).ptr; }

  void status_line(status code) {
    if (code == status::ok) return text("HTTP/1.1 200 OK\r\n");
    text("HTTP/1.1 ");
    number(static_cast<unsigned>(code));
    text(" ");
    text(code == early_hints ? std::string_view{"Early Hints"}
                             : std::string_view{boost::beast::http::obsolete_reason(code)});
    text("\r\n");
  }

 private:
  static constexpr std::size_t max_digits = 20;
  recycled_string& output_;
  char* end_;
};

/// The common fields that a response may override.
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

/// Appends the lines of the common fields that the response does not set.
void append_missing_fields(head_writer& output, std::string_view lines, const response& result) {
  while (!lines.empty()) {
    const auto line = first_line(lines);
    if (!result.find(name_of(line))) output.text(line);
    lines.remove_prefix(line.size());
  }
}

}  // namespace

bool may_have_body(status code) noexcept {
  return code != status::no_content && code != status::not_modified && static_cast<unsigned>(code) >= 200;
}

void append_interim_head(recycled_string& output, const response& interim) {
  head_writer out{output, interim.header_lines().size()};
  out.status_line(interim.code());
  out.text(interim.header_lines());
  out.text("\r\n");
}

void append_response_head(recycled_string& output, const response& result, const response_framing& framing,
                          std::string_view date_line, std::string_view common_header_lines) {
  const auto type = result.static_content_type();
  const auto own_lines = result.header_lines();
  head_writer out{output, date_line.size() + type.size() + own_lines.size() + common_header_lines.size()};
  out.status_line(result.code());
  out.text(date_line);
  if (!type.empty()) {
    out.text("Content-Type: ");
    out.text(type);
    out.text("\r\n");
  }
  if (framing.is_chunked) {
    out.text("Transfer-Encoding: chunked\r\n");
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
