// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "loadgen/client/target_client.hpp"

namespace cohort::loadgen {

/// The share of a worker: every `count`-th request, starting with request `index`.
struct worker_position {
  std::size_t index = 0;
  std::size_t count = 1;
};

/// Starts the requests of one worker: in an open loop by the load profile, independently of earlier requests; in a
/// closed loop when a connection is idle. Must be used on one loop.
class arrival_source : public connection_scheduler {
 public:
  using client_list = std::vector<std::unique_ptr<target_client>>;

  virtual ~arrival_source() = default;

  /// Submits requests to `clients` from `start` on. Completes at the end of the load profile, or after `stop`.
  /// `clients` must outlive the source.
  virtual task<> run(client_list& clients, time_point start) = 0;
  /// Ends `run`. Requests that are overdue at this time are counted as unsent.
  void stop() { stopped_.notify_all(); }

 protected:
  explicit arrival_source(client_context& context) : context_(context) {}

  /// Counts a planned request, and returns it with the current time as its dispatch time.
  scheduled_request schedule(std::size_t target, std::size_t phase, time_point intended_start);

  client_context& context_;
  /// Notified by `stop`, after `client_context::is_stopping` is set.
  wait_queue stopped_;
};

/// Returns an open-loop or a closed-loop source, depending on `load_settings::closed_loop`. `context` must outlive the
/// source.
std::unique_ptr<arrival_source> make_arrival_source(client_context& context, worker_position worker);

/// The mean rate of the load profile, in requests per second. Empty in a closed loop.
std::optional<double> planned_rate(const load_settings& settings);
/// The number of requests that the load profile plans for each target. Zero in a closed loop.
std::vector<std::uint64_t> planned_requests(const load_settings& settings);

}  // namespace cohort::loadgen
