// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::sim {

/// The action of a scheduled event. All faults except `reset`, `half_open` and `step_clock` end after `lasts`.
enum class event_action : std::uint8_t {
  /// Sends a request to `node`, with `peer` as its path.
  request,
  kill,
  power_off,
  /// Graceful shutdown; `lasts` starts when the shutdown is complete.
  stop,
  /// Blocks the link between the hosts `node` and `peer`.
  partition,
  /// Adds `amount` to the latency of the link between the hosts `node` and `peer`. Permanent if `lasts` is 0.
  delay,
  refuse_connections,
  black_hole_connections,
  /// Resets the selected connections to `node` after `node` has sent `bytes` more bytes on each; immediately if `bytes`
  /// is 0.
  reset,
  /// Makes the selected connections to `node` half-open, permanently.
  half_open,
  /// Lookups of the name `node` fail.
  fail_resolution,
  /// Lookups of the name `node` take up to `amount`.
  delay_resolution,
  /// Steps the wall clock by `amount`. `node` is not used.
  step_clock,
};

/// The text of an action, such as `power-off`.
std::string_view to_string(event_action action) noexcept;

/// A request or a fault at a given time.
struct scheduled_event {
  /// Time since the start of the run.
  duration at{};
  event_action action = event_action::request;
  /// The affected node, host or DNS name.
  std::string node{};
  /// A path or a host; see `event_action`.
  std::string peer{};
  duration lasts{};
  duration amount{};
  std::uint64_t bytes = 0;
  /// The i-th opened connection is selected if bit i modulo 64 is set.
  std::uint64_t selection = ~std::uint64_t{0};

  friend bool operator==(const scheduled_event&, const scheduled_event&) = default;
};

/// All inputs of a run: a seed, program-defined parameters, the names of optional nodes, and the events. The text
/// format can be stored to reproduce a run.
struct schedule {
  std::uint64_t seed = 1;
  std::map<std::string, std::string> parameters;
  std::vector<std::string> nodes;
  std::vector<scheduled_event> events;

  /// The value of a parameter; `fallback` if it is not set.
  std::string parameter(const std::string& name, std::string_view fallback = {}) const;
  /// The value of a parameter as a duration. Throws `std::invalid_argument` if the value is not a duration.
  std::optional<duration> duration_parameter(const std::string& name) const;
  bool has_node(std::string_view name) const noexcept;
  /// Sorts the events by time; events with the same time keep their order (stable sort).
  void sort_events();
  /// The latest end of an event.
  duration length() const noexcept;

  friend bool operator==(const schedule&, const schedule&) = default;
};

/// The shortest exact representation of a time, such as `1500us`.
std::string to_text(duration span);
/// Parses `3ns`, `250us`, `-1ms`, `2s`, `5min`, `48h`: an integer and its unit.
std::optional<duration> parse_duration(std::string_view text) noexcept;

/// The text format, with one line for each part, such as:
///
///     seed 42
///     set deadline 300ms
///     node time-service-2
///     12ms request dashboard-service /api/aggregate
///     40ms reset time-service after=512 connections=0x5
///     100ms delay dashboard-service time-service by=20ms lasts=1s
std::string to_text(const schedule& source);
std::string to_text(const scheduled_event& source);

/// Parses the text format. Empty lines are ignored. Throws `std::invalid_argument` with the number of the line, its
/// text and the accepted values.
schedule parse_schedule(std::string_view text);

}  // namespace cohort::sim
