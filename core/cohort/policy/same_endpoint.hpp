// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/basic_endpoint.hpp>
#include <cstring>

namespace cohort::policy {

/// Returns `left == right`. Unlike the operator of Asio, which is compiled in its library, this function is inlined, so
/// that a search among many addresses takes one comparison for most of them. Safe from any thread.
template <class Protocol>
bool same_endpoint(const boost::asio::ip::basic_endpoint<Protocol>& left,
                   const boost::asio::ip::basic_endpoint<Protocol>& right) noexcept {
  // The family, the port, and the whole of an IPv4 address (`sockaddr_in`).
  constexpr std::size_t compared_bytes = 8;
  if (std::memcmp(left.data(), right.data(), compared_bytes) != 0) return false;
  return left.data()->sa_family == BOOST_ASIO_OS_DEF(AF_INET) || left == right;
}

}  // namespace cohort::policy
