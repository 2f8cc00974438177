// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/basic_endpoint.hpp>
#include <cstring>

namespace cohort::policy {

/// Returns `left == right`. In a search among many addresses, the function is faster than Asio's operator, because it
/// is inline and needs only one comparison for most of them. Thread-safe.
template <class Protocol>
bool same_endpoint(const boost::asio::ip::basic_endpoint<Protocol>& left,
                   const boost::asio::ip::basic_endpoint<Protocol>& right) noexcept {
  // The family, the port and the IPv4 address (`sockaddr_in`).
  constexpr std::size_t compared_bytes = 8;
  if (std::memcmp(left.data(), right.data(), compared_bytes) != 0) return false;
  return left.data()->sa_family == BOOST_ASIO_OS_DEF(AF_INET) || left == right;
}

}  // namespace cohort::policy
