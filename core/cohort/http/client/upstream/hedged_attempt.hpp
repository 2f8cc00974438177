// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>

#include <cohort/http/client/upstream/active_call.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::http {

/// Makes one attempt, and a second attempt if the first is slow. After the first success, the other attempt is
/// cancelled and awaited. `detail::run_scope` runs it.
class upstream::active_call::hedged_attempt {
 public:
  hedged_attempt(active_call& call, duration delay, bool needs_new_connection, time_point now);

  void start_all();
  void cancel_all();
  /// Returns the exchange of the attempt that succeeded first, or that ended last if neither succeeded. Rethrows the
  /// exception of that attempt. Precondition: both attempts have ended.
  client::exchange take();

  completion_handler<std::monostate> on_ended;
  bool is_cancelled = false;

 private:
  static constexpr std::size_t first_attempt = 0;
  static constexpr std::size_t second_attempt = 1;

  void start(std::size_t index, bool needs_new_connection, time_point now);
  void start_second_attempt();
  void on_attempt_ended(std::size_t index);
  bool has_succeeded(std::size_t index) const;

  active_call& call_;
  duration delay_;
  bool needs_new_connection_;
  time_point started_;
  std::array<detail::child_task<client::exchange>, 2> attempts_;
  std::array<telemetry::attempt_record*, 2> records_{};
  std::optional<std::size_t> winner_;
  bool is_first_overtaken_ = false;
  /// Whether one attempt has succeeded and the other attempt is cancelled.
  bool is_superseded_ = false;
  /// Whether the hedge was postponed because the loop was blocked.
  bool is_postponed_ = false;
  std::size_t running_count_ = 0;
  bound_timer<&hedged_attempt::start_second_attempt> delay_timer_;
};

}  // namespace cohort::http
