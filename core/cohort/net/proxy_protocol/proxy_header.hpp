// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <optional>
#include <string_view>

#include <cohort/runtime/task.hpp>

namespace cohort::net {

/// The maximum size of a version 1 header, with its CRLF (PROXY protocol specification, section 2.1).
constexpr std::size_t max_proxy_header_v1_size = 107;
/// The maximum accepted size of a version 2 header: 16 bytes, then addresses and TLVs of up to 520 bytes. The addresses
/// take up to 216 bytes (PROXY protocol specification, section 2.2).
constexpr std::size_t max_proxy_header_v2_size = 536;
/// The size of the fixed part of a version 2 header. The shortest version 1 header is one byte shorter.
constexpr std::size_t proxy_header_v2_prefix_size = 16;

/// A PROXY protocol header at the beginning of a connection.
struct proxy_header {
  enum class state {
    /// The header continues after the received bytes.
    incomplete,
    complete,
    /// The bytes do not begin with a header of either version.
    absent,
    invalid,
  };
  state parsed = state::incomplete;
  /// The size of a complete header in bytes; for an incomplete header, the minimum size.
  std::size_t size = 0;
  /// The client's address; empty if the address of the connection must be used: for the command LOCAL (health checks by
  /// the proxy itself), for UNKNOWN, and for address families other than IPv4 and IPv6.
  std::optional<asio::ip::address> client_address;
  /// The description of an invalid header, for logs.
  std::string_view error;
};

/// Parses a header of version 1 or 2 at the beginning of `bytes`. TLVs are validated and ignored, except the checksum
/// (PP2_TYPE_CRC32C), which must match. Source: https://www.haproxy.org/download/3.1/doc/proxy-protocol.txt
proxy_header parse_proxy_header(std::string_view bytes);

}  // namespace cohort::net
