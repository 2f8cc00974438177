// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/proxy_protocol/proxy_header.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>
#include <cstdint>
#include <cstring>

#include <cohort/net/network_list.hpp>

namespace cohort::net {
namespace {

using state = proxy_header::state;

constexpr std::string_view signature_v1 = "PROXY ";
constexpr std::string_view signature_v2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t tlv_header_size = 3;
constexpr unsigned char tlv_crc32c = 0x03;

proxy_header invalid(std::string_view error) { return {state::invalid, 0, std::nullopt, error}; }
proxy_header incomplete_header(std::size_t size) { return {state::incomplete, size, std::nullopt, {}}; }

std::uint8_t byte_at(std::string_view bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }
std::size_t read_uint16(std::string_view bytes, std::size_t index) {
  return byte_at(bytes, index) * 256U + byte_at(bytes, index + 1);
}

/// Removes the first word of `line` and the space after it, and returns the word.
std::string_view consume_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

/// Whether `text` is a decimal port without leading zeros.
bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && (text.size() == 1 || text[0] != '0');
}

/// Parses an address of a version 1 header. Such an address has no zone.
std::optional<asio::ip::address> parse_v1_address(std::string_view text, bool is_v6) {
  if ((text.find(':') != std::string_view::npos) != is_v6 || text.find('%') != std::string_view::npos)
    return std::nullopt;
  return parse_address(text);
}

proxy_header parse_v1(std::string_view bytes) {
  const auto end = bytes.substr(0, max_proxy_header_v1_size).find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= max_proxy_header_v1_size) return invalid("the line is longer than 107 bytes");
    return incomplete_header(bytes.size() + 1);
  }
  proxy_header header{state::complete, end + 2, std::nullopt, {}};
  auto line = bytes.substr(signature_v1.size(), end - signature_v1.size());
  const auto protocol = consume_word(line);
  if (protocol == "UNKNOWN") return header;
  if (protocol != "TCP4" && protocol != "TCP6") return invalid("the protocol is not TCP4, TCP6 or UNKNOWN");
  const bool is_v6 = protocol == "TCP6";
  header.client_address = parse_v1_address(consume_word(line), is_v6);
  const auto destination = parse_v1_address(consume_word(line), is_v6);
  if (!header.client_address || !destination) return invalid("an address is invalid");
  const auto source_port = consume_word(line);
  if (!is_port(source_port) || !is_port(line))
    return invalid("a port is not a number from 0 to 65535 without leading zeros");
  return header;
}

/// CRC-32C (RFC 3720, section B.4) of the header, with zeros in place of the checksum.
std::uint32_t header_checksum(std::string_view header, std::size_t value_offset) {
  constexpr std::uint32_t reversed_polynomial = 0x82F63B78;
  std::uint32_t crc = 0xFFFFFFFF;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool is_value = i >= value_offset && i < value_offset + 4;
    crc ^= is_value ? 0U : byte_at(header, i);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) ? reversed_polynomial : 0U);
  }
  return ~crc;
}

/// Returns the error of the TLVs that begin at `offset`; empty if they are valid.
std::string_view find_tlv_error(std::string_view header, std::size_t offset) {
  while (offset < header.size()) {
    if (header.size() - offset < tlv_header_size) return "a TLV is truncated";
    const auto type = byte_at(header, offset);
    const auto length = read_uint16(header, offset + 1);
    offset += tlv_header_size;
    if (header.size() - offset < length) return "a TLV is longer than the header";
    if (type == tlv_crc32c) {
      if (length != 4) return "the length of the checksum is not 4 bytes";
      const auto header_value =
          static_cast<std::uint32_t>(read_uint16(header, offset) << 16U | read_uint16(header, offset + 2));
      if (header_value != header_checksum(header, offset)) return "the checksum does not match";
    }
    offset += length;
  }
  return {};
}

template <class Address>
asio::ip::address read_address(std::string_view bytes) {
  typename Address::bytes_type raw;
  std::memcpy(raw.data(), bytes.data(), raw.size());
  return Address{raw};
}

proxy_header parse_v2(std::string_view bytes) {
  if (bytes.size() < proxy_header_v2_prefix_size) return incomplete_header(proxy_header_v2_prefix_size);
  const auto version = byte_at(bytes, 12) >> 4U;
  const auto command = byte_at(bytes, 12) & 0x0FU;
  if (version != 2) return invalid("the version is not 2");
  if (command > 1) return invalid("the command is not LOCAL or PROXY");
  const auto family = byte_at(bytes, 13) >> 4U;
  const auto transport = byte_at(bytes, 13) & 0x0FU;
  if (family > 3 || transport > 2) return invalid("the address family or the transport is not defined");
  const auto size = proxy_header_v2_prefix_size + read_uint16(bytes, 14);
  if (size > max_proxy_header_v2_size) return invalid("the header is longer than 536 bytes");
  if (bytes.size() < size) return incomplete_header(size);
  const auto header = bytes.substr(0, size);
  proxy_header result{state::complete, size, std::nullopt, {}};
  // LOCAL: the receiver must ignore the addresses and TLVs. UNSPEC: the size of the addresses is unknown, so the TLVs
  // cannot be located.
  if (command == 0 || family == 0) return result;
  constexpr std::array<std::size_t, 4> address_sizes{0, 12, 36, 216};
  const auto addresses_end = proxy_header_v2_prefix_size + address_sizes[family];
  if (size < addresses_end) return invalid("the header is shorter than its addresses");
  if (const auto error = find_tlv_error(header, addresses_end); !error.empty()) return invalid(error);
  const auto source = header.substr(proxy_header_v2_prefix_size);
  // The connection to the proxy can only be TCP (transport 1, STREAM).
  if (transport != 1) return result;
  if (family == 1) result.client_address = read_address<asio::ip::address_v4>(source);
  if (family == 2) result.client_address = parse_address(read_address<asio::ip::address_v6>(source).to_string());
  return result;
}

}  // namespace

proxy_header parse_proxy_header(std::string_view bytes) {
  const auto starts_with = [&](std::string_view signature) {
    const auto compared_size = std::min(bytes.size(), signature.size());
    return bytes.substr(0, compared_size) == signature.substr(0, compared_size);
  };
  if (starts_with(signature_v1))
    return bytes.size() < signature_v1.size() ? incomplete_header(signature_v1.size()) : parse_v1(bytes);
  if (starts_with(signature_v2))
    return bytes.size() < signature_v2.size() ? incomplete_header(proxy_header_v2_prefix_size) : parse_v2(bytes);
  return {state::absent, 0, std::nullopt, {}};
}

}  // namespace cohort::net
