// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/system/system_network.hpp>

#include <cohort/net/system/tcp.hpp>

namespace cohort::net {

task<result<stream_ptr>> system_network::connect(endpoint peer, deadline connect_deadline) {
  return connect_tcp(peer, connect_deadline);
}

}  // namespace cohort::net
