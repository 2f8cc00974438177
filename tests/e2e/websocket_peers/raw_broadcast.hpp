// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Lower bound of the cost of a broadcast: an epoll loop on one thread that answers each handshake, and sends a
/// constant frame of 100 bytes of text to every connection, with one `send` each, whenever bytes arrive on one of them.
/// The server parses no frames and has no queue, limit or deadline. Serves on loopback until it is killed, on a port
/// that it prints.
[[noreturn]] void serve_raw_broadcast();
