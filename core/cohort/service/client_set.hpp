// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <deque>
#include <vector>

#include <cohort/http/client/client.hpp>

namespace cohort::service {

/// The HTTP clients of a service: a shared client, and separate clients for upstreams with special settings. All
/// clients use the proxies and the TLS settings of the program.
class client_set {
 public:
  /// `network` must outlive this object. Proxies and TLS settings are from `settings`; the other settings have their
  /// defaults.
  client_set(net::network& network, std::size_t loop_count, http::client_settings settings);

  http::client& shared() noexcept { return clients_.front(); }
  /// Creates a client, which this object owns. Precondition: the service has not started.
  http::client& make(http::client_settings settings);

  /// Thread-safe once the service has started.
  void replace_tls(const net::tls_client_settings& settings);
  /// Closes the idle connections of the calling loop. Must be called on each loop before the loop ends.
  void close_idle();
  /// All clients; the first is the shared client.
  std::vector<http::client*> all();

 private:
  net::network& network_;
  std::size_t loop_count_;
  http::client_settings program_settings_;
  std::deque<http::client> clients_;
};

}  // namespace cohort::service
