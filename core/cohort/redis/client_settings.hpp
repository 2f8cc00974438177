// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <cohort/net/tls_settings.hpp>
#include <cohort/redis/reply_parser.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::redis {

/// The settings of a client. Each loop has its own connection; `max_pending` applies to each loop.
struct client_settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 6379;
  /// The user name; `default` if empty.
  std::string user{};
  /// The password; never logged. No authentication if empty.
  std::string password{};
  /// The number of the database.
  unsigned database = 0;
  /// Encrypts the connection. Plain TCP if empty.
  std::optional<net::tls_client_settings> tls{};
  /// Timeout of a call, capped by the caller's deadline. The timeout includes the wait for a connection.
  duration timeout = std::chrono::seconds{5};
  /// Timeout of an attempt to connect, including the TLS handshake and the handshake of the protocol.
  duration connect_timeout = std::chrono::seconds{2};
  /// Timeout of a reply. When it expires, the connection is closed and its pending calls fail.
  duration response_timeout = std::chrono::seconds{10};
  /// Time for which calls wait for a connection, up to their deadlines, after the server became unreachable. After that
  /// time, a call fails as soon as the next attempt fails.
  duration reconnect_window = std::chrono::seconds{5};
  /// Delay before the second attempt to connect; it doubles with each failure up to `max_backoff`, with jitter.
  duration min_backoff = std::chrono::milliseconds{20};
  duration max_backoff = std::chrono::seconds{1};
  /// Maximum number of commands without a reply. Additional calls fail with `errc::overloaded`. A call that has reached
  /// its deadline counts until its reply has arrived.
  std::size_t max_pending = 4096;
  /// Maximum number of messages that a subscription keeps. At the maximum, the oldest messages are dropped; see
  /// `subscription::missed`.
  std::size_t max_messages = 1024;
  reply_limits limits{};
};

}  // namespace cohort::redis
