// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/source_address.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>

namespace cohort::net {

result<asio::ip::address> source_address(const endpoint& peer) {
  const auto system_error = [] { return error_code{errno, boost::system::system_category()}; };
  const int descriptor = ::socket(peer.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return system_error();
  endpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  // Connecting a datagram socket only selects its route.
  const bool is_found = ::connect(descriptor, peer.data(), static_cast<socklen_t>(peer.size())) == 0 &&
                        ::getsockname(descriptor, local.data(), &size) == 0;
  const auto error = system_error();
  ::close(descriptor);
  if (!is_found) return error;
  local.resize(size);
  return local.address();
}

}  // namespace cohort::net
