#include "core/http/response_head.hpp"

#include <charconv>

namespace cohort::http {
namespace {

void append_number(std::string& to, std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  to.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

bool may_have_body(status code) noexcept {
  return code != status::no_content && code != status::not_modified && static_cast<unsigned>(code) >= 200;
}

void append_response_head(std::string& to, const response& from, const response_framing& how,
                          std::string_view date_line, std::string_view common_fields) {
  to += "HTTP/1.1 ";
  append_number(to, static_cast<unsigned>(from.code()));
  to += ' ';
  to += boost::beast::http::obsolete_reason(from.code());
  to += "\r\n";
  to += date_line;
  if (!from.content_type().empty()) to.append("Content-Type: ").append(from.content_type()).append("\r\n");
  if (how.chunked) {
    to += "Transfer-Encoding: chunked\r\n";
  } else if (how.length && may_have_body(from.code())) {
    to += "Content-Length: ";
    append_number(to, *how.length);
    to += "\r\n";
  }
  if (!how.keep_alive) {
    to += "Connection: close\r\n";
  } else if (how.to_http_1_0) {
    to += "Connection: keep-alive\r\n";
  }
  to += from.extra_fields();
  to += common_fields;
  to += "\r\n";
}

}  // namespace cohort::http
