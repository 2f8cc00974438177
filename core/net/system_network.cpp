#include "core/net/system_network.hpp"

#include "core/net/tcp.hpp"

namespace cohort::net {

task<result<stream_ptr>> system_network::connect(endpoint peer, deadline until) { return connect_tcp(peer, until); }

}  // namespace cohort::net
