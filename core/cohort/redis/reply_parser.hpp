// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/redis/reply.hpp>

namespace cohort::redis {

struct reply_limits {
  /// Maximum size of a reply on the wire, in bytes.
  std::size_t max_bytes = std::size_t{64} * 1024 * 1024;
  /// Maximum number of values in a reply, over all levels.
  std::size_t max_values = 1'000'000;
  /// Maximum number of levels of arrays, maps and sets.
  std::size_t max_depth = 32;
};

/// Incremental parser for replies in RESP3; also accepts the null values of RESP2. Memory grows with the bytes that
/// have arrived, never with a length that the server announces. Attributes are parsed and ignored. Streamed strings and
/// aggregates, which Redis does not send, are invalid.
class reply_parser {
 public:
  explicit reply_parser(reply_limits limits = {}) : limits_(limits) {}

  /// Parses up to the end of a reply or of `input`, and returns the number of bytes used. An invalid byte sets
  /// `failure` to a message; the parser cannot be used after that.
  std::size_t parse(std::string_view input, std::optional<std::string>& failure);
  /// The reply that ended where `parse` stopped; empty if it is not complete.
  std::optional<reply> take();

 private:
  struct frame {
    reply value;
    std::size_t remaining_values;
    bool is_attribute;
  };
  using parse_failure = std::optional<std::string>;

  std::size_t parse_line(std::string_view input, parse_failure& failure);
  std::size_t parse_blob(std::string_view input, parse_failure& failure);
  parse_failure end_line();
  parse_failure begin_blob(char type, std::string_view length);
  parse_failure begin_aggregate(char type, std::string_view length);
  parse_failure end_blob();
  void end_value(reply value);

  reply_limits limits_;
  /// Bytes and values of the current reply.
  std::size_t bytes_ = 0;
  std::size_t value_count_ = 0;
  std::vector<frame> frames_;
  std::string line_;
  /// The blob that is being read, and the number of its remaining bytes, including its CRLF.
  std::optional<reply> blob_;
  std::size_t remaining_blob_bytes_ = 0;
  std::optional<reply> completed_reply_;
};

}  // namespace cohort::redis
