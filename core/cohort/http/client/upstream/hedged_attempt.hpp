// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>

#include <cohort/http/client/upstream/active_call.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort::http {

/// One attempt, and a second one if the first is slow. The first success wins; the other attempt is cancelled and
/// awaited. A scope for `detail::run_scope`.
class upstream::active_call::hedged_attempt {
 public:
  hedged_attempt(active_call& call, duration delay, bool new_connection, time_point now);

  void start_all();
  void cancel_all();
  /// The exchange of the winner, or of the attempt that ended last if neither succeeded. Rethrows that attempt's
  /// exception. Precondition: both have ended.
  client::exchange take();

  completion_handler<std::monostate> on_ended;
  bool cancelled = false;

 private:
  static constexpr std::size_t first = 0;
  static constexpr std::size_t second = 1;

  void start(std::size_t index, bool new_connection, time_point now);
  void start_second();
  void on_attempt_ended(std::size_t index);
  bool succeeded(std::size_t index) const;

  active_call& call_;
  duration delay_;
  bool new_connection_;
  time_point started_;
  std::array<detail::child_task<client::exchange>, 2> attempts_;
  std::array<telemetry::attempt_record*, 2> records_{};
  std::optional<std::size_t> winner_;
  bool first_overtaken_ = false;
  /// One attempt has succeeded, and the other one is cancelled.
  bool is_superseded_ = false;
  /// The hedge was postponed because the loop was late.
  bool is_postponed_ = false;
  std::size_t running_ = 0;
  bound_timer<&hedged_attempt::start_second> delay_timer_;
};

}  // namespace cohort::http
