// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/message/body/body_decoder.hpp>
#include <cohort/http/message/request/request_head.hpp>
#include <cohort/http/message/server_limits.hpp>

namespace cohort::http {

/// Finds the end of a request's header section in a growing buffer. Examines each byte once.
class head_scanner {
 public:
  enum class state { incomplete, complete, bare_line_feed };

  /// `bytes` starts with the request; between calls, bytes may only be appended.
  state scan(std::string_view bytes) noexcept;
  /// The length of the header section with its empty line. Precondition: `scan` returned `complete`.
  std::size_t length() const noexcept { return line_start_; }
  /// Whether the request line is complete.
  bool has_start_line() const noexcept { return line_start_ > 0; }
  void reset() noexcept { line_start_ = scanned_size_ = 0; }

 private:
  std::size_t line_start_ = 0;
  std::size_t scanned_size_ = 0;
};

/// Parses one request. Beast's parser reads the header section, unless it has the most common form. This class adds the
/// checks of RFC 9110 and RFC 9112 that Beast 1.81 lacks:
/// - A bare LF or a folded line is rejected.
/// - There is at most one `Content-Length` or the transfer coding `chunked`, but not both.
/// - A transfer coding in HTTP/1.0 is rejected.
/// - `Host` (RFC 9112 section 3.2), `Expect` and the version are checked; a minor version above 1 is read as HTTP/1.1.
class request_parser : private boost::beast::http::basic_parser<true> {
  using base = boost::beast::http::basic_parser<true>;

 public:
  /// The status of the rejection of an invalid request; empty for a valid request.
  using rejection = std::optional<status>;

  /// All arguments must outlive the parser. The body is appended to `body`.
  request_parser(const server_limits& limits, request_head& head, std::string& body);

  /// Parses a complete header section, as found by `head_scanner`. Does not limit `content_length`. `bytes` must stay
  /// valid, and the parser must not be moved, while `head` is used. May be called once.
  rejection parse_head(std::string_view bytes);

  /// The reason why a header section or body is malformed (status 400): one of a fixed set of messages, without bytes
  /// of the request. Returns an empty result for any other rejection.
  std::string_view rejection_reason() const noexcept {
    return reason_.empty() ? body_decoder_.rejection_reason() : reason_;
  }

  /// Whether body bytes remain to be read.
  bool has_body() const noexcept { return !body_decoder_.is_complete(); }
  /// The value of `Content-Length`, if there is one.
  std::optional<std::uint64_t> content_length() const noexcept { return content_length_; }
  /// Decodes body bytes and returns the number of bytes consumed (see `body_decoder`).
  std::size_t parse_body(std::string_view bytes, std::optional<status>& rejection) {
    return body_decoder_.decode(bytes, rejection);
  }
  /// The decoder of the body, for a body that is not stored.
  body_decoder& decoder() noexcept { return body_decoder_; }

  /// Whether the version and `Connection` let the connection stay open (RFC 9112 section 9.3).
  bool keep_alive() const noexcept { return keep_alive_; }
  /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
  bool expects_continue() const noexcept { return expects_continue_; }

 private:
  using error = boost::beast::error_code;
  using view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, view, view, int, error&) override;
  void on_response_impl(int, view, int, error&) override {}
  void on_field_impl(boost::beast::http::field, view, view, error&) override;
  // These functions are pure virtual from Boost 1.87 on. They are never called, because Beast does not read the body.
  virtual void on_trailer_field_impl(boost::beast::http::field, view, view, error&) {}
  void on_header_impl(error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
  std::size_t on_body_impl(view, error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, view, error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, view, error&) override { return 0; }
  void on_finish_impl(error&) override {}

  /// Rejects the request as malformed.
  status reject(std::string_view reason) noexcept {
    reason_ = reason;
    return status::bad_request;
  }
  std::string_view beast_error_reason(const error& failed) const noexcept;
  bool parse_simple_head(std::string_view bytes);
  rejection parse_any_head(std::string_view bytes);
  rejection check_version(std::string_view& bytes);
  rejection check_target();
  rejection check_framing();
  rejection check_host();
  rejection check_connection();

  const server_limits& limits_;
  request_head& head_;
  body_decoder body_decoder_;
  std::string_view head_bytes_;
  /// The header section with its version changed to 1.1; empty unless the minor version is above 1.
  std::string rewritten_head_;
  std::optional<std::uint64_t> content_length_;
  std::string_view reason_;
  bool has_folded_line_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
};

}  // namespace cohort::http
