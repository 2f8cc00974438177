// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/websocket/frame.hpp>

#include <cstring>

namespace cohort::http {
namespace {

constexpr unsigned final_bit = 0x80;
constexpr unsigned rsv1_bit = 0x40;
constexpr unsigned reserved_bits = 0x30;
constexpr unsigned mask_bit = 0x80;
constexpr std::uint64_t max_short_length = 125;
constexpr unsigned length_of_16_bits = 126;
constexpr unsigned length_of_64_bits = 127;

unsigned byte_at(std::string_view bytes, std::size_t index) noexcept {
  return static_cast<unsigned char>(bytes[index]);
}

bool is_opcode(unsigned value) noexcept { return value <= 2 || (value >= 8 && value <= 10); }

std::uint64_t read_number(std::string_view bytes) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) number = number << 8U | byte_at(bytes, i);
  return number;
}

void append_big_endian(std::string& output, std::uint64_t number, unsigned size) {
  for (unsigned i = size; i-- > 0;) output += static_cast<char>(number >> (8 * i) & 0xFFU);
}

/// The reason why the first two bytes are invalid; null if they are valid.
const char* find_error(unsigned first_byte, unsigned second_byte, websocket_role sender) noexcept {
  const auto opcode = first_byte & 0x0FU;
  if ((first_byte & reserved_bits) != 0) return "reserved bits are set";
  if (!is_opcode(opcode)) return "reserved opcode";
  if (opcode >= 8 && (first_byte & final_bit) == 0) return "fragmented control frame";
  if (opcode >= 8 && (second_byte & 0x7FU) > max_short_length) return "control frame longer than 125 bytes";
  if (((second_byte & mask_bit) != 0) != (sender == websocket_role::client)) {
    return sender == websocket_role::client ? "frame of a client is not masked" : "frame of a server is masked";
  }
  return nullptr;
}

/// The length of the UTF-8 sequence at the start of `text`; zero if it is invalid (RFC 3629 section 4).
std::size_t utf8_sequence_length(std::string_view text) noexcept {
  const auto lead_byte = byte_at(text, 0);
  if (lead_byte < 0x80) return 1;
  if (lead_byte < 0xC2 || lead_byte > 0xF4) return 0;
  const std::size_t length = lead_byte < 0xE0 ? 2 : lead_byte < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  const auto second_byte = byte_at(text, 1);
  const unsigned lowest = lead_byte == 0xE0 ? 0xA0 : lead_byte == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead_byte == 0xED ? 0x9F : lead_byte == 0xF4 ? 0x8F : 0xBF;
  if (second_byte < lowest || second_byte > highest) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((byte_at(text, i) & 0xC0U) != 0x80) return 0;
  return length;
}

}  // namespace

bool is_sendable_close_code(std::uint16_t code) noexcept {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code != 1004 && code != close_code::no_status &&
         code != close_code::abnormal_closure;
}

parsed_frame_header parse_frame_header(std::string_view bytes, websocket_role sender) noexcept {
  parsed_frame_header result;
  if (bytes.size() < 2) return result;
  const auto first_byte = byte_at(bytes, 0);
  const auto second_byte = byte_at(bytes, 1);
  result.error = find_error(first_byte, second_byte, sender);
  if (result.error) return result;
  const unsigned short_length = second_byte & 0x7FU;
  const std::size_t length_size = short_length == length_of_16_bits ? 2 : short_length == length_of_64_bits ? 8 : 0;
  const bool is_masked = (second_byte & mask_bit) != 0;
  const std::size_t size = 2 + length_size + (is_masked ? 4 : 0);
  if (bytes.size() < 2 + length_size) return result;

  auto& header = result.header;
  header.opcode = static_cast<websocket_opcode>(first_byte & 0x0FU);
  header.is_final = (first_byte & final_bit) != 0;
  header.is_compressed = (first_byte & rsv1_bit) != 0;
  header.payload_length = length_size == 0 ? short_length : read_number(bytes.substr(2, length_size));
  const bool is_shortest = length_size == 0 || (length_size == 2 && header.payload_length > max_short_length) ||
                           header.payload_length > 0xFFFF;
  if (!is_shortest) result.error = "payload length is not in its shortest form";
  if (header.payload_length >> 63U != 0) result.error = "payload length is above 2^63 - 1";
  if (result.error || bytes.size() < size) return result;
  if (is_masked) std::memcpy(header.mask.emplace().data(), bytes.data() + 2 + length_size, 4);
  result.size = size;
  return result;
}

void append_frame_header(std::string& output, const frame_header& header) {
  const auto opcode = static_cast<unsigned>(header.opcode);
  output += static_cast<char>((header.is_final ? final_bit : 0U) | (header.is_compressed ? rsv1_bit : 0U) | opcode);
  const auto mask_flag = header.mask ? mask_bit : 0U;
  if (header.payload_length <= max_short_length) {
    output += static_cast<char>(mask_flag | static_cast<unsigned>(header.payload_length));
  } else if (header.payload_length <= 0xFFFF) {
    output += static_cast<char>(mask_flag | length_of_16_bits);
    append_big_endian(output, header.payload_length, 2);
  } else {
    output += static_cast<char>(mask_flag | length_of_64_bits);
    append_big_endian(output, header.payload_length, 8);
  }
  if (header.mask) output.append(header.mask->data(), header.mask->size());
}

void apply_mask(char* bytes, std::size_t size, const std::array<char, 4>& mask, std::uint64_t offset) noexcept {
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[(offset + i) % 4]);
}

bool is_valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto length = utf8_sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace cohort::http
