// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Lower bound of the cost of a broadcast: an epoll loop on one thread. The server responds to each handshake. When
/// bytes arrive on a connection, it sends a constant frame of 100 bytes of text to every connection, with one `send`
/// each. The server parses no frames and has no queue, limit or deadline. Serves on loopback until it is killed, on a
/// port that it prints.
[[noreturn]] void serve_raw_broadcast();
