// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::telemetry {

/// Appends fields in the wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/) to a
/// string, which must outlive the writer.
class protobuf_writer {
 public:
  explicit protobuf_writer(std::string& out) noexcept : out_(out) {}

  void write_varint_field(std::uint32_t field, std::uint64_t value);
  void write_fixed64_field(std::uint32_t field, std::uint64_t value);
  void write_fixed32_field(std::uint32_t field, std::uint32_t value);
  void write_double_field(std::uint32_t field, double value);
  void write_bytes_field(std::uint32_t field, std::string_view bytes);
  /// A string field. If `text` is not valid UTF-8, replaces each of its non-ASCII bytes by `?`: receivers reject a
  /// message that contains an invalid string.
  void string_field(std::uint32_t field, std::string_view text);
  /// An embedded message whose fields `write` appends.
  template <class Write>
  void write_message_field(std::uint32_t field, Write write) {
    const auto start = open_message(field);
    write();
    close_message(start);
  }

 private:
  void write_varint(std::uint64_t value);
  void write_tag(std::uint32_t field, std::uint32_t wire_type) { write_varint(std::uint64_t{field} << 3U | wire_type); }
  std::size_t open_message(std::uint32_t field);
  void close_message(std::size_t start);

  std::string& out_;
};

/// One field of a message. `number` is the value of a varint or fixed field, `bytes` the value of a length-delimited
/// field.
struct protobuf_field {
  std::uint32_t field = 0;
  std::uint64_t number = 0;
  std::string_view bytes{};
};

/// Reads the fields of a message one after the other.
class protobuf_reader {
 public:
  explicit protobuf_reader(std::string_view message) noexcept : remaining_(message) {}

  /// Returns the next field; empty at the end, and if the message is malformed.
  std::optional<protobuf_field> next() noexcept;
  /// Whether the message is malformed: truncated, or with an unknown wire type.
  bool is_malformed() const noexcept { return is_malformed_; }

 private:
  std::optional<std::uint64_t> varint() noexcept;
  std::optional<std::uint64_t> fixed(std::size_t size) noexcept;

  std::string_view remaining_;
  bool is_malformed_ = false;
};

}  // namespace cohort::telemetry
