// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include <cohort/http/client/protocol/response_parser.hpp>
#include "loadgen/client/response_scanner.hpp"
#include "loadgen/measurement/request_outcome.hpp"
#include "loadgen/schedule/target.hpp"

namespace cohort::loadgen {

/// The receive buffer of a connection. The buffer grows if a message header exceeds its size, so that the limits of a
/// message do not depend on `initial_size`.
class receive_buffer {
 public:
  explicit receive_buffer(std::size_t initial_size) : initial_size_(initial_size) {}

  /// Space for at least one byte after the unparsed bytes.
  asio::mutable_buffer prepare();
  void commit(std::size_t count) noexcept { size_ += count; }
  /// The unparsed bytes.
  std::string_view data() const noexcept { return {buffer_.data(), size_}; }
  /// Removes `count` bytes from the front.
  void consume(std::size_t count) noexcept;
  bool empty() const noexcept { return size_ == 0; }
  /// Removes all bytes and releases the memory beyond the initial size.
  void reset();

 private:
  std::size_t initial_size_;
  std::string buffer_;
  std::size_t size_ = 0;
};

/// Reads the response to one request, and keeps the body only if the target has an expected body.
class response_reader {
 public:
  /// `target` must outlive the reader.
  explicit response_reader(const target& target) : target_(target) {}

  /// Parses as much of `input` as possible. Returns false if the bytes are not a valid response.
  bool parse(receive_buffer& input);
  /// Whether the response is complete.
  bool is_done() const { return scanned_ || (parser_ && parser_->done()); }
  /// Whether the header is complete, and the end of the connection completes the response.
  bool ends_with_connection() { return parser_ && parser_->is_header_done() && !parser_->end(); }

  /// Whether the connection can carry another request. Precondition: the response is complete.
  bool keep_alive();
  unsigned status() { return scanned_ ? scanned_->status : parser_->response().status_code(); }
  /// Precondition: the response is complete.
  request_outcome outcome();

 private:
  bool is_interim();
  void start_response();
  bool has_expected_body();

  const target& target_;
  /// Set for a response in the most common format, which does not require a parser.
  std::optional<scanned_response> scanned_;
  std::optional<http::response_parser> parser_;
  unsigned interim_count_ = 0;
};

}  // namespace cohort::loadgen
