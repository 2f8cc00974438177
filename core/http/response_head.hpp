#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.hpp"

namespace cohort::http {

/// How an answer is framed and what becomes of its connection.
struct response_framing {
  std::optional<std::size_t> length;  // for `Content-Length`
  bool chunked = false;
  bool keep_alive = true;
  bool to_http_1_0 = false;
};

/// Whether an answer with this status has a body at all (RFC 9110 section 6.4.1).
bool may_have_body(status code) noexcept;

/// Appends a status line and header with its empty line. `date_line` and `common_fields` are whole lines.
void append_response_head(std::string& to, const response& from, const response_framing& how,
                          std::string_view date_line, std::string_view common_fields);

}  // namespace cohort::http
