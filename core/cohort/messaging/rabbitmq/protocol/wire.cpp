// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/rabbitmq/protocol/wire.hpp>

#include <cassert>

namespace cohort::messaging::rabbitmq {

void wire_writer::integer(std::uint64_t value, unsigned bytes) {
  for (auto i = bytes; i-- > 0;) output_.push_back(static_cast<char>(value >> (8 * i)));
}

void wire_writer::short_string(std::string_view text) {
  assert(text.size() <= 255);
  octet(static_cast<std::uint8_t>(text.size()));
  output_ += text;
}

void wire_writer::long_string(std::string_view text) {
  long_uint(static_cast<std::uint32_t>(text.size()));
  output_ += text;
}

std::size_t wire_writer::begin_block() {
  long_uint(0);
  return output_.size();
}

void wire_writer::end_block(std::size_t position) {
  const auto size = output_.size() - position;
  for (std::size_t i = 0; i < 4; ++i) output_[position - 4 + i] = static_cast<char>(size >> (8 * (3 - i)));
}

void wire_writer::field(std::string_view name, char type) {
  short_string(name);
  output_.push_back(type);
}

void wire_writer::table(const field_table& fields) {
  const auto block = begin_block();
  for (const auto& [name, text] : fields) {
    field(name, 'S');
    long_string(text);
  }
  end_block(block);
}

std::string_view wire_reader::take(std::size_t size) {
  if (has_failed_ || size > remaining_.size()) {
    has_failed_ = true;
    remaining_ = {};
    return {};
  }
  const auto result = remaining_.substr(0, size);
  remaining_.remove_prefix(size);
  return result;
}

std::uint64_t wire_reader::integer(unsigned bytes) {
  std::uint64_t value = 0;
  for (const auto byte : take(bytes)) value = value << 8U | static_cast<std::uint8_t>(byte);
  return value;
}

bool wire_reader::value(std::string& text) {
  // The types that RabbitMQ uses (https://www.rabbitmq.com/docs/amqp-0-9-1-errata, section 3).
  switch (octet()) {
    case 't': text = octet() != 0 ? "true" : "false"; return true;
    case 'b': text = std::to_string(static_cast<std::int8_t>(octet())); return true;
    case 'B': text = std::to_string(octet()); return true;
    case 's': text = std::to_string(static_cast<std::int16_t>(short_uint())); return true;
    case 'u': text = std::to_string(short_uint()); return true;
    case 'I': text = std::to_string(static_cast<std::int32_t>(long_uint())); return true;
    case 'i': text = std::to_string(long_uint()); return true;
    case 'l': text = std::to_string(static_cast<std::int64_t>(long_long_uint())); return true;
    case 'T': text = std::to_string(long_long_uint()); return true;
    case 'S': text = long_string(); return true;
    case 'f': take(4); return false;
    case 'd': take(8); return false;
    case 'D': take(5); return false;
    // Array, table and bytes: a length, followed by that number of bytes.
    case 'A':
    case 'F':
    case 'x': long_string(); return false;
    case 'V': return false;
    default: has_failed_ = true; return false;
  }
}

field_table wire_reader::table() {
  field_table fields;
  wire_reader content{long_string()};
  while (!content.failed() && !content.at_end()) {
    const auto name = content.short_string();
    std::string text;
    if (content.value(text) && !content.failed()) fields.emplace_back(name, std::move(text));
  }
  has_failed_ = has_failed_ || content.failed();
  return fields;
}

}  // namespace cohort::messaging::rabbitmq
