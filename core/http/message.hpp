#pragma once

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/runtime/task.hpp"

namespace cohort::http {

using status = boost::beast::http::status;
using method = boost::beast::http::verb;
using field = boost::beast::http::field;

/// A header field as it stood on the wire: views into the connection's buffer.
struct header_view {
  field id;  // `unknown` for one that has no number
  std::string_view name;
  std::string_view value;
};

/// A request's start line and header, valid until its answer is made.
struct request_head {
  http::method method = method::unknown;
  std::string_view method_text;
  /// As sent; `path` and `query` are its parts, still percent-encoded. A query that is absent is empty.
  std::string_view target;
  std::string_view path;
  std::string_view query;
  bool http_1_0 = false;
  std::vector<header_view> fields;

  /// The first field of that name, without white space around it.
  std::optional<std::string_view> find(field id) const noexcept;
  std::optional<std::string_view> find(std::string_view name) const noexcept;

  void clear() noexcept;
};

/// Case-insensitive, ASCII.
bool same_name(std::string_view a, std::string_view b) noexcept;

/// Without the white space around it (RFC 9110 section 5.6.3).
std::string_view trimmed(std::string_view text) noexcept;

/// Takes the next item off a comma-separated list, without the white space around it.
std::string_view next_item(std::string_view& list) noexcept;

class body_writer;

/// An answer. The connection adds `Date`, `Content-Length` and the headers that every answer of a server has.
class response {
 public:
  /// Writes a body whose length is not known at the start; the connection chunks it. Ends when the stream shall end.
  using producer = std::function<task<>(body_writer&)>;

  explicit response(http::status code = http::status::ok) : code_(code) {}

  http::status code() const noexcept { return code_; }

  /// `type` must be a literal: it is kept by reference.
  response& body(std::string text, std::string_view type) {
    own_body_ = std::move(text);
    borrowed_body_ = {};
    content_type_ = type;
    return *this;
  }
  /// Bytes that stay valid for the program's life, such as an embedded file.
  response& borrowed_body(std::string_view bytes, std::string_view type) {
    borrowed_body_ = bytes;
    own_body_.clear();
    content_type_ = type;
    return *this;
  }
  response& stream(producer write, std::string_view type) {
    producer_ = std::move(write);
    content_type_ = type;
    return *this;
  }
  /// Adds a field. A value with a line break in it would be a second field, so it is left out.
  response& set(std::string_view name, std::string_view value);
  /// Ends the connection after this answer.
  response& close() {
    close_ = true;
    return *this;
  }

  std::string_view content() const noexcept { return borrowed_body_.empty() ? own_body_ : borrowed_body_; }
  std::string_view content_type() const noexcept { return content_type_; }
  /// Lines `Name: value` with their line ends.
  const std::string& extra_fields() const noexcept { return extra_fields_; }
  const producer& writer() const noexcept { return producer_; }
  bool closes() const noexcept { return close_; }

  /// The value of a field that `set` added; for tests and filters.
  std::optional<std::string_view> find(std::string_view name) const noexcept;

 private:
  http::status code_;
  std::string own_body_;
  std::string_view borrowed_body_;
  std::string_view content_type_;
  std::string extra_fields_;
  producer producer_;
  bool close_ = false;
};

/// 200 with a JSON text.
response json_response(std::string body, status code = status::ok);

/// `{"error":…,"message":…}`. Both texts are for people and tell nothing of the inside.
response error_response(status code, std::string_view error, std::string_view message);

/// The same with the status' own phrase as the error.
response error_response(status code, std::string_view message);

}  // namespace cohort::http
