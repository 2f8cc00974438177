#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/http/connector.hpp"
#include "core/runtime/task_group.hpp"
#include "loadgen/interval_recorder.hpp"
#include "loadgen/load_settings.hpp"

namespace cohort::loadgen {

/// Awaitable: goes on after whatever else is ready on the loop.
inline auto take_turn() {
  return operation<std::monostate>([](completion<std::monostate> done) { done.post({}); });
}

/// A request on its way from the plan to the wire.
struct pending_request {
  time_point intended;
  time_point woke;
  std::size_t phase = 0;
};

/// What a worker's lanes share.
struct lane_context {
  loop& home;
  const load_settings& settings;
  interval_recorder& recorder;
  http::connector& connector;
  task_group& connections;
  /// Requests that were started and have not become anything yet.
  std::size_t outstanding = 0;
  std::size_t in_flight = 0;
  time_point last_end{};
  /// In a closed loop nothing starts from here on.
  time_point closes_at = time_point::max();
  bool stopping = false;
  /// Told when `outstanding` has come to zero.
  wait_queue idle{};
};

/// One worker's way to one target: its connections, and the requests that wait for one of them, first come first
/// served. Of the connections the one that was used last goes first, so that those which nobody needs stay idle.
class lane {
 public:
  lane(lane_context& shared, const target& to, std::size_t index, std::size_t most_connections);
  ~lane();
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

  /// Sends it at once if a connection is free or may be opened, else as soon as one is.
  void start(const pending_request& request);
  /// In a closed loop: all connections start, and go on by themselves.
  void open_all();
  /// Gives up those that have waited for a connection longer than they may.
  void drop_expired();
  /// Gives up all that wait, and lets idle connections end.
  void finish();

  std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  class connection;
  class open_request;
  struct attempt_end {
    outcome what;
    unsigned status = 0;
  };
  using job = std::optional<pending_request>;

  static task<> serve(lane& self, pending_request first);
  static task<attempt_end> attempt(connection& on, open_request& request);
  static task<std::optional<attempt_end>> send(connection& on, open_request& request);
  static task<attempt_end> receive(connection& on, open_request& request);
  job next_waiting();
  void give_up(const pending_request& request);
  tally& tally_of(const pending_request& request) { return shared_.recorder.of(request.phase, index_); }

  lane_context& shared_;
  const target& target_;
  http::origin origin_;
  std::size_t index_;
  std::size_t most_connections_;
  std::size_t buffer_bytes_;
  std::string wire_text_;
  std::size_t open_connections_ = 0;
  std::deque<pending_request> waiting_;
  std::vector<completion<job>> parked_;
};

}  // namespace cohort::loadgen
