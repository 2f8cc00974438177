// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::messaging::kafka {

/// SASL mechanisms (https://www.iana.org/assignments/sasl-mechanisms).
enum class sasl_mechanism : std::uint8_t {
  /// Sends the password in clear text; use it with TLS.
  plain,
  scram_sha_256,
  scram_sha_512,
};

struct login {
  std::string user;
  /// The password; never logged.
  std::string password;
  sasl_mechanism mechanism = sasl_mechanism::plain;
};

/// Files in PEM format.
struct tls_files {
  /// Trusted CA certificates; the system's certificates if empty.
  std::string ca{};
  /// The certificate chain of the client, and its key. None if empty.
  std::string certificate{};
  std::string key{};
};

struct settings {
  /// Bootstrap servers as `HOST:PORT`, separated by commas. The client finds the other brokers of the cluster through
  /// any of them.
  std::string brokers = "127.0.0.1:9092";
  std::optional<login> credentials{};
  /// Encrypts the connections, and verifies the certificates and host names of the brokers. Plain TCP if empty.
  std::optional<tls_files> tls{};
  /// The client ID in the logs and the metrics of the brokers.
  std::string client_id = "cohort";
  /// The partitions of a group member that sends no heartbeat for this time are reassigned. By default, the broker
  /// accepts 6 s to 30 min.
  duration session_timeout = std::chrono::seconds{10};
  /// Interval of offset commits. If the process crashes, messages acknowledged since the last commit are redelivered.
  duration commit_interval = std::chrono::milliseconds{500};
  /// Timeout of a request to a broker.
  duration request_timeout = std::chrono::seconds{10};
  /// Delay before the second attempt to connect; it doubles with each failure up to `max_backoff`, with jitter.
  duration min_backoff = std::chrono::milliseconds{50};
  duration max_backoff = std::chrono::seconds{2};
};

}  // namespace cohort::messaging::kafka
