// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cohort::messaging::rabbitmq {

/// Names and values of a field table, as strings.
using field_table = std::vector<std::pair<std::string, std::string>>;

/// Appends values of the types of AMQP 0-9-1 (section 4.2.5) to a string: integers in network byte order, short strings
/// with one length byte, long strings and field tables with four.
class wire_writer {
 public:
  explicit wire_writer(std::string& output) noexcept : output_(output) {}

  void octet(std::uint8_t value) { output_.push_back(static_cast<char>(value)); }
  void short_uint(std::uint16_t value) { integer(value, 2); }
  void long_uint(std::uint32_t value) { integer(value, 4); }
  void long_long_uint(std::uint64_t value) { integer(value, 8); }
  /// Precondition: at most 255 bytes.
  void short_string(std::string_view text);
  void long_string(std::string_view text);
  /// Appends a field table; all values are long strings.
  void table(const field_table& fields);
  /// Starts a block with a four-byte length, such as a table or the payload of a frame. Returns its position.
  std::size_t begin_block();
  void end_block(std::size_t position);
  /// The name and type of a field of a table.
  void field(std::string_view name, char type);

 private:
  void integer(std::uint64_t value, unsigned bytes);

  std::string& output_;
};

/// Reads the types of AMQP 0-9-1. After the first value that is incomplete or invalid, all values are zero or empty and
/// `failed` is true.
class wire_reader {
 public:
  explicit wire_reader(std::string_view input) noexcept : remaining_(input) {}

  std::uint8_t octet() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t short_uint() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t long_uint() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t long_long_uint() { return integer(8); }
  std::string_view short_string() { return take(octet()); }
  std::string_view long_string() { return take(long_uint()); }
  /// The strings, integers and booleans (as `true` and `false`) of a table; fields of other types are skipped.
  field_table table();
  bool failed() const noexcept { return has_failed_; }
  bool at_end() const noexcept { return remaining_.empty(); }

 private:
  std::uint64_t integer(unsigned bytes);
  std::string_view take(std::size_t size);
  /// The value of a field as a string. Returns false if the field has an unsupported type.
  bool value(std::string& text);

  std::string_view remaining_;
  bool has_failed_ = false;
};

}  // namespace cohort::messaging::rabbitmq
