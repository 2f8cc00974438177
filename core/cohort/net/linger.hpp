// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include <cohort/net/stream.hpp>

namespace cohort::net {

/// Lingering close (RFC 9112 section 9.6), after the last bytes have been written: closes the sending direction of
/// `source`, then reads and discards further bytes from the peer. With unread data, the kernel would reset the
/// connection, and the peer could lose the last bytes. Returns when the peer closes the connection, at
/// `linger_deadline`, after `max_bytes`, or if the task is cancelled; the stream stays open. `memory` is the buffer for
/// the reads.
task<> linger(stream& source, deadline linger_deadline, asio::mutable_buffer memory, std::size_t max_bytes);

}  // namespace cohort::net
