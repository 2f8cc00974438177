#pragma once

#include <memory>

#include "core/net/network.hpp"

namespace cohort::net {

using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;

/// A connected socket as a stream, with TCP_NODELAY.
stream_ptr make_tcp_stream(tcp_socket socket, loop& home);

/// Listens on `local` with SO_REUSEADDR; port 0 lets the system choose. Lives on `home`, hands connections to any loop.
result<std::unique_ptr<acceptor>> listen_tcp(loop& home, const endpoint& local);

/// Connects to one address.
task<result<stream_ptr>> connect_tcp(endpoint peer, deadline until);

}  // namespace cohort::net
