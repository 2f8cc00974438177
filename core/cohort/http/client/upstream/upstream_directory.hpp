// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <cohort/http/client/client_request.hpp>
#include <cohort/policy/circuit_breaker.hpp>

namespace cohort::http {

/// The state of an upstream's policies on one loop.
struct upstream_status {
  std::string name;
  /// The origin of the last call; empty before the first has ended.
  std::optional<origin> target;
  duration timeout{};
  policy::circuit_breaker::state breaker{};
  /// Time until the open breaker permits a probe.
  duration breaker_retry_after{};
  /// Number of retries and hedges that the budget permits now.
  double retry_budget = 0;
  std::size_t in_flight = 0;
  std::size_t max_in_flight = 0;
  /// Time after which a request is currently hedged; empty if requests are not hedged.
  std::optional<duration> hedge_delay;
  /// The median latency of the upstream; zero if there are too few responses.
  duration median_latency{};
};

/// The upstreams that use one client. Thread-safe.
class upstream_directory {
 public:
  /// The state of an upstream on one loop.
  class entry {
   public:
    virtual ~entry() = default;
    /// Called on the loop of the state.
    virtual upstream_status status(time_point now) = 0;
    /// Called by the destructor of the directory. The entry must no longer use the directory.
    virtual void on_directory_destroyed() noexcept = 0;
  };

  upstream_directory() = default;
  /// Detaches the remaining entries. An upstream may therefore be destroyed after its client, but must not be used
  /// after the client has been destroyed.
  ~upstream_directory();
  upstream_directory(const upstream_directory&) = delete;
  upstream_directory& operator=(const upstream_directory&) = delete;

  void add(std::size_t loop_index, entry& new_entry);
  void remove(const entry& entry) noexcept;
  /// The upstreams that have made calls on the calling loop, by name.
  std::vector<upstream_status> statuses();

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::size_t, entry*>> entries_;
};

}  // namespace cohort::http
