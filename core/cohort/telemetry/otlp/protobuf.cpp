// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/otlp/protobuf.hpp>

#include <simdjson.h>

#include <array>
#include <bit>

namespace cohort::telemetry {
namespace {

constexpr std::uint32_t varint_type = 0;
constexpr std::uint32_t fixed64_type = 1;
constexpr std::uint32_t bytes_type = 2;
constexpr std::uint32_t fixed32_type = 5;

/// Writes a varint of at most ten bytes and returns its length.
std::size_t format_varint(std::uint64_t value, std::array<char, 10>& bytes) noexcept {
  std::size_t length = 0;
  for (; value >= 0x80; value >>= 7U) bytes[length++] = static_cast<char>(value | 0x80U);
  bytes[length++] = static_cast<char>(value);
  return length;
}

void append_little_endian(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

void protobuf_writer::write_varint(std::uint64_t value) {
  std::array<char, 10> bytes;
  out_.append(bytes.data(), format_varint(value, bytes));
}

void protobuf_writer::write_varint_field(std::uint32_t field, std::uint64_t value) {
  write_tag(field, varint_type);
  write_varint(value);
}

void protobuf_writer::write_fixed64_field(std::uint32_t field, std::uint64_t value) {
  write_tag(field, fixed64_type);
  append_little_endian(out_, value, 8);
}

void protobuf_writer::write_fixed32_field(std::uint32_t field, std::uint32_t value) {
  write_tag(field, fixed32_type);
  append_little_endian(out_, value, 4);
}

void protobuf_writer::write_double_field(std::uint32_t field, double value) {
  write_fixed64_field(field, std::bit_cast<std::uint64_t>(value));
}

void protobuf_writer::write_bytes_field(std::uint32_t field, std::string_view bytes) {
  write_tag(field, bytes_type);
  write_varint(bytes.size());
  out_.append(bytes);
}

void protobuf_writer::string_field(std::uint32_t field, std::string_view text) {
  write_bytes_field(field, text);
  if (simdjson::validate_utf8(text.data(), text.size())) return;
  for (auto i = out_.size() - text.size(); i < out_.size(); ++i)
    if (static_cast<unsigned char>(out_[i]) >= 0x80) out_[i] = '?';
}

/// Reserves one byte for the length, because most messages are shorter than 128 bytes.
std::size_t protobuf_writer::open_message(std::uint32_t field) {
  write_tag(field, bytes_type);
  out_.push_back('\0');
  return out_.size();
}

void protobuf_writer::close_message(std::size_t start) {
  std::array<char, 10> bytes;
  const auto length = format_varint(out_.size() - start, bytes);
  out_[start - 1] = bytes[0];
  if (length > 1) out_.insert(start, bytes.data() + 1, length - 1);
}

std::optional<std::uint64_t> protobuf_reader::varint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !remaining_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(remaining_.front());
    remaining_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> protobuf_reader::fixed(std::size_t size) noexcept {
  if (remaining_.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{static_cast<unsigned char>(remaining_[i])} << (8 * i);
  remaining_.remove_prefix(size);
  return value;
}

std::optional<protobuf_field> protobuf_reader::next() noexcept {
  if (remaining_.empty() || is_malformed_) return std::nullopt;
  is_malformed_ = true;
  const auto tag = varint();
  if (!tag) return std::nullopt;
  protobuf_field found{.field = static_cast<std::uint32_t>(*tag >> 3U)};
  std::optional<std::uint64_t> number;
  switch (*tag & 7U) {
    case varint_type: number = varint(); break;
    case fixed64_type: number = fixed(8); break;
    case fixed32_type: number = fixed(4); break;
    case bytes_type:
      number = varint();
      if (!number || *number > remaining_.size()) return std::nullopt;
      found.bytes = remaining_.substr(0, *number);
      remaining_.remove_prefix(*number);
      break;
    default: break;
  }
  if (!number) return std::nullopt;
  found.number = *number;
  is_malformed_ = false;
  return found;
}

}  // namespace cohort::telemetry
