// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// PROXY protocol headers of version 2.
namespace cohort::test {

inline std::string proxy_v2(unsigned char version_and_command, unsigned char family_and_transport,
                            std::string_view rest) {
  std::string bytes{"\r\n\r\n\0\r\nQUIT\n", 12};
  bytes += static_cast<char>(version_and_command);
  bytes += static_cast<char>(family_and_transport);
  bytes += static_cast<char>(rest.size() >> 8U);
  bytes += static_cast<char>(rest.size() & 0xFFU);
  return bytes.append(rest);
}

/// `source` has four bytes, which are not all zero.
inline std::string v4_addresses(const char* source) {
  return std::string(source, 4) + std::string("\xC0\x00\x02\x01\xDC\x04\x01\xBB", 8);
}

/// Returns the IPv6 addresses of a connection from 2001:db8::9 to 2001:db8::1.
inline std::string v6_addresses() {
  const std::string network("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0", 15);
  return network + '\x09' + network + '\x01' + std::string("\xDC\x04\x01\xBB", 4);
}

/// Returns a PP2_TYPE_CRC32C TLV with the value zero.
inline std::string checksum_tlv() { return {"\x03\0\x04\0\0\0\0", 7}; }

/// Replaces the last four bytes, the value of a checksum TLV, with the header's CRC-32C. The CRC is computed bit by bit
/// with the polynomial in normal order, unlike the parser.
inline std::string set_checksum(std::string header) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : header) {
    for (int bit = 0; bit < 8; ++bit) {
      const bool input = (static_cast<unsigned char>(c) >> static_cast<unsigned>(bit)) & 1U;
      const bool carry = (crc >> 31U) ^ static_cast<unsigned>(input);
      crc = (crc << 1U) ^ (carry ? 0x1EDC6F41U : 0U);
    }
  }
  std::uint32_t reflected = 0;
  for (unsigned bit = 0; bit < 32; ++bit) reflected |= ((crc >> bit) & 1U) << (31U - bit);
  reflected = ~reflected;
  for (std::size_t i = 0; i < 4; ++i) {
    header[header.size() - 4 + i] = static_cast<char>((reflected >> (24U - 8U * i)) & 0xFFU);
  }
  return header;
}

}  // namespace cohort::test
