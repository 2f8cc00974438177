// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include <cohort/net/network.hpp>

namespace cohort::net {

using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;

/// Wraps a connected socket as a stream of `event_loop`.
stream_ptr make_tcp_stream(tcp_socket socket, loop& event_loop);

/// Listens on `local` with SO_REUSEADDR; with port 0, the system chooses a port. The acceptor runs on `event_loop` and
/// can return connections for any loop. Returns the system's error if the address is in use or unavailable.
result<std::unique_ptr<acceptor>> listen_tcp(loop& event_loop, const endpoint& local);

/// Connects to one endpoint; see `network::connect`.
task<result<stream_ptr>> connect_tcp(endpoint peer, deadline connect_deadline);

}  // namespace cohort::net
