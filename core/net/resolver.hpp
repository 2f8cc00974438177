#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/net/network.hpp"

namespace cohort::net {

/// Looks names up with the system's resolver, in threads of its own, and remembers what it heard. A loop never waits
/// for `getaddrinfo`; a waiter whose deadline passes leaves, and the look-up goes on for the others.
class resolver {
 public:
  using addresses = result<std::vector<asio::ip::address>>;
  /// Blocking; called from the resolver's threads.
  using lookup = std::function<addresses(const std::string& host)>;

  struct settings {
    /// The system's resolver does not say how long an answer holds. Short, so that replicas that come and go are seen.
    std::chrono::seconds fresh{5};
    /// After that, and up to here, the old answer is given while a new one is fetched: a DNS outage is survived. Not a
    /// name that the resolver says is gone.
    std::chrono::seconds usable{300};
    /// A failure is not asked again before.
    std::chrono::seconds failure{1};
    std::size_t threads = 2;
    std::size_t most_names = 1024;
  };

  resolver();
  resolver(lookup how, settings limits);
  ~resolver();

  /// `timed_out` at `until`; `operation_aborted` when cancelled; `host_not_found` and the like from the system.
  task<result<std::vector<endpoint>>> resolve(std::string host, std::uint16_t port, deadline until);

 private:
  class state;
  std::shared_ptr<state> state_;
};

}  // namespace cohort::net
