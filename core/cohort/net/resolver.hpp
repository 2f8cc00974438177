// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cohort/net/network.hpp>

namespace cohort::net {

/// Caching DNS resolver. Lookups run in separate threads, so a loop never blocks in `getaddrinfo`; concurrent requests
/// for one name share one lookup. A request times out at its deadline, while the lookup continues for the other
/// requests. Thread-safe.
class resolver {
 public:
  using addresses = result<std::vector<asio::ip::address>>;
  /// Resolves a name and blocks the calling thread. Called on the resolver's threads.
  using lookup_function = std::function<addresses(const std::string& host)>;

  struct settings {
    /// The maximum age of a result that is used without a new lookup. The default is short, so that added and removed
    /// replicas are detected quickly; the system resolver does not return the TTL of the record.
    std::chrono::seconds ttl{5};
    /// The time after `ttl` during which a request returns the cached result immediately, while a new lookup runs.
    std::chrono::seconds stale_while_revalidate{5};
    /// Maximum age of a result that is used if the lookup fails or takes longer than `client_response_timer`. A DNS
    /// outage therefore does not affect cached names (RFC 8767). Does not apply if the resolver reports that the name
    /// does not exist.
    std::chrono::seconds max_stale_age{300};
    /// The time for which a request waits for a lookup before it returns a stale result (RFC 8767 section 5).
    std::chrono::milliseconds client_response_timer{1800};
    /// The time for which a failure is cached.
    std::chrono::seconds negative_ttl{1};
    /// Number of lookup threads.
    std::size_t threads = 2;
    /// Maximum number of cached names. When it is reached, names without a pending lookup are evicted.
    std::size_t max_names = 1024;
  };

  /// Uses `getaddrinfo` and the default settings.
  resolver();
  resolver(lookup_function lookup, settings config);
  /// Does not wait for pending lookups.
  ~resolver();

  /// See `network::resolve`.
  task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port, deadline resolve_deadline);

 private:
  class state;
  std::shared_ptr<state> state_;
};

}  // namespace cohort::net
