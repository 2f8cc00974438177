// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>

#include <cohort/net/network.hpp>

namespace cohort::net {

/// Listens on the Unix domain socket `path` (unix(7)), with the permissions `mode`, such as 0660; clients need write
/// permission. The socket file is created with these permissions, and removed when the acceptor closes. A stale socket
/// file, on which no program listens, is replaced. Errors: `address_in_use` if a program listens on the socket;
/// `file_exists` if `path` is not a socket; `filename_too_long` (more than 106 bytes); other system errors. The
/// acceptor runs on `event_loop` and can return connections for any loop; its `local_endpoint` is `endpoint{}`.
result<std::unique_ptr<acceptor>> listen_unix(loop& event_loop, const std::string& path, unsigned mode);

/// Connects to the Unix domain socket `path`; see `network::connect_unix`.
task<result<stream_ptr>> connect_unix_socket(std::string path, deadline connect_deadline);

}  // namespace cohort::net
