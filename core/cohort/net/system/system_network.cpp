// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/system_network.hpp>

#include <cohort/net/system/tcp.hpp>
#include <cohort/net/system/unix_socket.hpp>

namespace cohort::net {

task<result<stream_ptr>> system_network::connect(endpoint peer, deadline connect_deadline) {
  return connect_tcp(peer, connect_deadline);
}

task<result<stream_ptr>> system_network::connect_unix(std::string path, deadline connect_deadline) {
  return connect_unix_socket(std::move(path), connect_deadline);
}

}  // namespace cohort::net
