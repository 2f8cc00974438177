#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>

#include "core/http/limits.hpp"
#include "core/http/message.hpp"

namespace cohort::http {

/// Where a request's header ends in a buffer that fills bit by bit. Each byte is looked at once.
class head_scanner {
 public:
  enum class state { incomplete, complete, bare_line_feed };

  /// `bytes` begins with the request and has grown since the last call.
  state scan(std::string_view bytes) noexcept;
  /// Length of the header with its empty line, once complete.
  std::size_t length() const noexcept { return line_start_; }
  /// Whether the request line is whole.
  bool has_start_line() const noexcept { return line_start_ > 0; }
  void reset() noexcept { line_start_ = scanned_ = 0; }

 private:
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
};

/// Parses one request. Beast's parser knows the grammar; on top of it stands what RFC 9112 asks for and Beast 1.81 lets
/// pass, all of it about where a message ends: a lone LF, folded lines, unknown or repeated transfer codings, chunked
/// in HTTP/1.0, two lengths, controls in chunk extensions, and `Host` (section 3.2).
class request_parser : private boost::beast::http::basic_parser<true> {
  using base = boost::beast::http::basic_parser<true>;

 public:
  /// What is wrong with a request, as the status that says so; nothing if all is well.
  using verdict = std::optional<status>;

  request_parser(const server_limits& limits, request_head& head, std::string& body);

  /// `bytes` is a whole header as the scanner found it, and stays in place as long as `head` is used.
  verdict parse_head(std::string_view bytes);

  bool has_body() { return !base::is_done(); }
  /// As `Content-Length` says; nothing for chunked.
  std::optional<std::uint64_t> announced_length() const;
  /// Feeds body bytes; says how many were used. Done when `has_body` turns false.
  std::size_t parse_body(std::string_view bytes, verdict& wrong);
  /// What the request asks for by its version and `Connection`.
  bool keeps_alive() const { return base::keep_alive(); }

 private:
  using error = boost::beast::error_code;
  using view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, view, view, int, error&) override;
  void on_response_impl(int, view, int, error&) override {}
  void on_field_impl(boost::beast::http::field, view, view, error&) override;
  // Pure from Boost 1.87 on, unknown before: trailers are read and dropped (RFC 9110 section 6.5.1).
  virtual void on_trailer_field_impl(boost::beast::http::field, view, view, error&) {}
  void on_header_impl(error&) override { in_header_ = false; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
  std::size_t on_body_impl(view, error&) override;
  void on_chunk_header_impl(std::uint64_t, view, error&) override;
  std::size_t on_chunk_body_impl(std::uint64_t, view, error&) override;
  void on_finish_impl(error&) override {}

  verdict check_target();
  verdict check_framing() const;
  verdict check_host() const;

  const server_limits& limits_;
  request_head& head_;
  std::string& body_;
  std::string_view head_bytes_;
  bool in_header_ = true;
  bool folded_ = false;
};

}  // namespace cohort::http
