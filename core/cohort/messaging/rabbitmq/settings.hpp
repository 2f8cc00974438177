// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <cohort/net/tls_settings.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::messaging::rabbitmq {

/// The type of a group's queue. The type cannot be changed once the queue exists.
enum class queue_type : std::uint8_t {
  /// A replicated queue, which also counts deliveries to processes that have ended. Requires RabbitMQ 3.8 or later.
  quorum,
  classic,
};

struct settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 5672;
  std::string user = "guest";
  /// The password; never logged.
  std::string password = "guest";
  std::string virtual_host = "/";
  /// Encrypts the connection. Plain TCP if empty.
  std::optional<net::tls_client_settings> tls{};
  /// The name in RabbitMQ's list of connections.
  std::string connection_name = "cohort";
  /// Name of the exchange (durable, type `topic`), and prefix of the names of queues. The name has the syntax of a
  /// topic and is at most 40 bytes long.
  std::string exchange = "cohort";
  queue_type group_queue_type = queue_type::quorum;
  /// Timeout of an attempt to connect, including TLS, login and the declarations.
  duration connect_timeout = std::chrono::seconds{5};
  /// Interval of the heartbeats. The connection is closed after two intervals without a byte from the broker. The value
  /// is at least 1 s; the broker can lower it.
  std::chrono::seconds heartbeat{10};
  /// Delay before the second attempt to connect; it doubles with each failure up to `max_backoff`, with jitter.
  duration min_backoff = std::chrono::milliseconds{50};
  duration max_backoff = std::chrono::seconds{2};
};

}  // namespace cohort::messaging::rabbitmq
