// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <cohort/http/message/field.hpp>
#include <cohort/http/message/media_type.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>
#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

class body_writer;
class upgraded_connection;

/// A response to a request. The server adds `Date`, `Content-Length` or `Transfer-Encoding`, `Connection`, and the
/// header lines of `server_settings`.
class response {
 public:
  /// Streams a response body. The body is complete when the producer returns; if it throws, the connection is closed
  /// without the end of the body, so that the client detects the truncation.
  using body_producer = std::function<task<>(body_writer&)>;

  /// Handles an upgraded connection (status 101). The connection is closed when the handler returns.
  using upgrade_handler = std::function<task<>(upgraded_connection&)>;

  explicit response(http::status code = http::status::ok) : code_(code) {}

  http::status code() const noexcept { return code_; }

  /// Replaces the body.
  response& body(std::string text, media_type type);
  /// Replaces the body with bytes that stay valid for the program's lifetime, such as an embedded file.
  response& static_body(std::string_view bytes, media_type type);
  /// Replaces the body with a body that `producer` writes. With `content_length`, in bytes, it is framed by that length
  /// and the producer must write exactly that many bytes; otherwise, it is sent chunked (HTTP/1.0: until the connection
  /// closes).
  response& stream(body_producer producer, media_type type, std::optional<std::uint64_t> content_length = std::nullopt);

  /// Adds a header field; `Content-Type` replaces the type of the body. An invalid field is not added; `rejected_field`
  /// returns its name, and the server logs it. These fields are invalid:
  /// - The name is not a token, or the value has control characters (RFC 9110 section 5.5).
  /// - The server itself sends the field: `Connection`, `Content-Length`, `Date`, `Keep-Alive`, `Proxy-Connection`,
  ///   `Trailer`, `Transfer-Encoding`, `Upgrade`.
  response& set(std::string_view name, std::string_view value);
  /// Adds the fields of `lines`, each as `Name: value\r\n`, without the checks of `set`, for fields that a parser has
  /// checked. Precondition: `set` would add each of them, and none is `Content-Type`.
  response& append_lines(recycled_string lines);
  /// Removes the fields of this name that `set` added.
  response& erase(std::string_view name);
  /// Makes this response a 101 that upgrades the connection (RFC 9110 section 7.8). `function` then handles the
  /// connection. `protocol` must be a protocol that the request offers.
  response& upgrade(std::string_view protocol, upgrade_handler function);
  /// Adds the fields that offer an upgrade, for the status 426.
  response& offer_upgrade(std::string_view protocol);
  /// Closes the connection after this response.
  response& close_connection() noexcept {
    closes_connection_ = true;
    return *this;
  }

  /// The body; empty if `producer` is set.
  std::string_view content() const noexcept { return static_body_.empty() ? own_body_ : static_body_; }
  /// Removes the body that `body` set, to reuse its memory.
  std::string release_body() noexcept { return std::move(own_body_); }
  /// The media type of the body; empty if there is no body.
  std::string_view content_type() const noexcept;
  /// The media type if it is static; otherwise it is one of the `header_lines`.
  std::string_view static_content_type() const noexcept { return static_content_type_; }
  /// The fields that `set` added, each as `Name: value\r\n`.
  std::string_view header_lines() const noexcept { return header_lines_; }
  /// Returns null unless `stream` was called.
  const body_producer& producer() const noexcept { return producer_; }
  /// The length that was given to `stream`.
  std::optional<std::uint64_t> stream_length() const noexcept { return stream_length_; }
  bool closes_connection() const noexcept { return closes_connection_; }
  /// The name of the first field that `set` rejected; empty if there is none.
  std::string_view rejected_field() const noexcept {
    return rare_ ? std::string_view{rare_->rejected_field} : std::string_view{};
  }

  /// Returns null unless `upgrade` was called.
  const upgrade_handler* upgrade_function() const noexcept {
    return rare_ && rare_->upgrade ? &rare_->upgrade : nullptr;
  }

  /// The value of a field that `set` added; for tests and filters.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// Whether a list field that `set` added, such as `Vary`, contains `element`; the comparison ignores case. The list
  /// may be split across several fields.
  bool lists(std::string_view name, std::string_view element) const noexcept;

 private:
  /// Rarely used properties, which are allocated separately so that most responses are small.
  struct rare_properties {
    std::string rejected_field;
    upgrade_handler upgrade;
  };

  void set_content_type(media_type type);
  void reject_field(std::string_view name);

  http::status code_;
  bool closes_connection_ = false;
  std::string own_body_;
  std::string_view static_body_;
  std::string_view static_content_type_;
  recycled_string header_lines_;
  std::shared_ptr<const rare_properties> rare_;
  body_producer producer_;
  std::optional<std::uint64_t> stream_length_;
};

/// Returns a response with the body `body`, unchanged. Precondition: `body` is valid JSON; this is not checked. A
/// string such as `hello` is not valid JSON: `json::encode(text)` encodes it as a JSON string.
response json_response(std::string body, status code = status::ok);

/// A value that is not text, which `json_response` has to encode.
template <class T>
concept structured_value = !std::is_convertible_v<const T&, std::string>;

/// This overload does not compile; the overload for described structs, lists and maps is in `json_response.hpp`.
template <structured_value T>
response json_response(const T&, status code = status::ok) {
  static_assert(
      !std::is_same_v<T, T>,
      "json_response of a value needs #include <cohort/http/message/json_response.hpp>, and the value must be a "
      "struct with BOOST_DESCRIBE_STRUCT, or a list or a map");
  return json_response(std::string{}, code);
}

/// A response with the JSON body `{"error":…,"message":…}`. Both strings are sent to clients, and must not contain
/// internal details.
response error_response(status code, std::string_view error, std::string_view message);

/// Like the overload above, but `error` is the reason phrase of the status.
response error_response(status code, std::string_view message);

/// Sets `Retry-After` to a delay, rounded up to seconds (RFC 9110 section 10.2.3).
void set_retry_after(response& to, duration delay);

/// A 503 with `Retry-After`, rounded up to seconds. `message` is as for `error_response`.
response overload_response(std::string_view message, duration retry_after = std::chrono::seconds{1});

}  // namespace cohort::http
