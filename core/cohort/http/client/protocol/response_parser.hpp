// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include <cohort/http/client/client_response.hpp>

namespace cohort::http {

/// Incremental parser of one HTTP/1.0 or HTTP/1.1 response. The parser is tolerant where the framing stays unambiguous:
/// it accepts a status line without a space after its code, and whitespace after a chunk's size. Two framings in one
/// response are rejected (RFC 9112 section 6.3).
class response_parser : private boost::beast::http::basic_parser<false> {
  using base = boost::beast::http::basic_parser<false>;

 public:
  struct limits {
    std::size_t max_header_bytes;
    /// The limit applies even if the body is not stored.
    std::size_t max_body_bytes;
    /// If false, header fields are validated and discarded.
    bool store_fields = true;
    /// If false, the body is validated, counted and discarded.
    bool store_body = true;
  };
  /// If `is_head_request`, the response has no body, regardless of its framing fields (RFC 9112 section 6.3).
  response_parser(limits bounds, bool is_head_request);

  /// Parses a prefix of `bytes` and returns its length. A result of zero without an error means that more bytes are
  /// needed: call again with the same bytes and the following bytes. Sets `failure` if the bytes cannot be the start of
  /// a valid response. Precondition: not `done()`.
  std::size_t parse(std::string_view bytes, std::optional<client_error>& failure);
  /// Reports that the peer has closed the connection. Returns the error; empty if the close completes the response.
  std::optional<client_error> end();

  bool is_header_done() const { return simple_body_ || base::is_header_done(); }
  bool done() const { return simple_body_ ? simple_body_->bytes_left == 0 : base::is_done(); }
  /// Whether the connection stays open after the response. Precondition: `is_header_done()`.
  bool keep_alive() const { return simple_body_ ? simple_body_->keep_alive : base::keep_alive(); }
  /// The response as parsed so far. An interim response (1xx) is `done()` after its header: the caller skips it with a
  /// new parser.
  client_response& response() noexcept { return response_; }

 private:
  using error = boost::beast::error_code;
  using view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, view, view, int, error&) override {}
  void on_response_impl(int code, view reason, int version, error&) override;
  void on_field_impl(boost::beast::http::field, view, view, error&) override;
  virtual void on_trailer_field_impl(boost::beast::http::field, view, view, error&) {}
  void on_header_impl(error&) override { is_in_header_ = false; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
  std::size_t on_body_impl(view, error&) override;
  void on_chunk_header_impl(std::uint64_t, view, error&) override;
  std::size_t on_chunk_body_impl(std::uint64_t, view, error&) override;
  void on_finish_impl(error&) override {}

  std::size_t parse_simple_head(std::string_view bytes);
  std::size_t parse_simple_body(std::string_view bytes);
  std::size_t parse_status_line(std::string_view bytes, error& failure);
  std::size_t parse_chunked(std::string_view bytes, error& failure);
  std::size_t append_body(view bytes, error& failure);

  /// The rest of a response whose header section has the form of `scan_response_head`. Beast does not parse this body.
  struct simple_body {
    std::uint64_t bytes_left;
    bool keep_alive;
  };

  limits limits_;
  bool is_head_request_;
  client_response response_;
  std::optional<simple_body> simple_body_;
  std::size_t body_size_ = 0;
  /// Bytes of the current chunk that are not parsed yet; zero between chunks.
  std::uint64_t chunk_bytes_left_ = 0;
  bool has_received_bytes_ = false;
  bool is_status_line_done_ = false;
  bool is_in_header_ = true;
  bool has_chunk_ = false;
  bool is_http_1_0_ = false;
};

}  // namespace cohort::http
