// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string_view>

#include <cohort/net/stream.hpp>
#include <cohort/runtime/task.hpp>

namespace cohort::net {

/// The result of `read_proxy_header`.
struct received_proxy_header {
  enum class outcome {
    /// The header contains the client's address.
    proxied,
    /// The header contains no client address, for example because the proxy performs a health check.
    local,
    /// The connection begins without a header.
    absent,
    invalid,
    /// Receiving the header timed out.
    timeout,
    /// The connection was closed before the end of the header.
    closed,
  };
  outcome result = outcome::closed;
  /// The client's address if `result` is `proxied`; otherwise empty.
  std::optional<asio::ip::address> client_address{};
  /// The description of an invalid header, for logs.
  std::string_view error{};
};

/// Reads the PROXY protocol header at the beginning of `connection`. The first byte must arrive before the deadline of
/// the connection, and the complete header within `timeout` after that. If other bytes than the header have been read,
/// replaces `connection` by a stream that returns them first.
task<received_proxy_header> read_proxy_header(stream_ptr& connection, duration timeout);

}  // namespace cohort::net
