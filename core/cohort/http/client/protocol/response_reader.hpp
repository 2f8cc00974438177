// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/buffer.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/http/client/protocol/response_parser.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/runtime/task.hpp>

namespace cohort::http {

/// The status 101, after which the connection is upgraded to another protocol (RFC 9110 section 15.2.2).
inline constexpr unsigned switching_protocols = 101;

/// Parses the responses to one request from the bytes of a connection. Interim responses (1xx) are skipped or kept,
/// except 101, which is final. The reader owns the read buffer of the connection. While it waits and has no unparsed
/// bytes, it releases the buffer, so many requests in flight share a few buffers of their thread.
class response_reader final : public net::read_memory {
 public:
  response_reader(response_parser::limits limits, bool is_head_request);
  ~response_reader();
  response_reader(const response_reader&) = delete;
  response_reader& operator=(const response_reader&) = delete;

  /// Buffer space for the next read.
  asio::mutable_buffer prepare() override;
  /// Releases the buffer if it is empty.
  void release() noexcept override;
  /// Parses the bytes read so far, of which `count` are new. Returns an error if they cannot be the start of a valid
  /// response.
  std::optional<client_error> parse(std::size_t count);

  /// Keeps the following interim responses for `take_interim_responses`.
  void keep_interim_responses() noexcept { keeps_interim_responses_ = true; }
  bool has_interim_responses() const noexcept { return !interim_responses_.empty(); }
  std::vector<client_response> take_interim_responses() noexcept { return std::exchange(interim_responses_, {}); }

  response_parser& parser() noexcept { return *parser_; }
  /// The bytes that were read after the response.
  std::string_view excess() const noexcept { return std::string_view{buffer_}.substr(0, size_); }
  bool has_excess_bytes() const noexcept { return size_ > 0; }
  /// Returns and removes the excess bytes, and releases the buffer; for an upgraded connection.
  std::string take_excess_bytes();

 private:
  bool is_interim();

  response_parser::limits limits_;
  bool is_head_request_;
  std::optional<response_parser> parser_;
  /// The read buffer. The first `size_` bytes of the buffer are unparsed; the rest is unused.
  std::string buffer_;
  std::size_t size_ = 0;
  bool keeps_interim_responses_ = false;
  std::vector<client_response> interim_responses_;
};

}  // namespace cohort::http
