// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::sim {

/// `accepted` and `refused` are the results of `connect`; `dns` is a lookup or a change of a name.
enum class event_kind : std::uint8_t { connect, accepted, refused, bytes, closed, reset, dns, fault, note };

/// An event at a host or between two hosts. The event refers to strings of the caller of `event_log::add`.
struct event {
  time_point time;
  event_kind kind;
  std::string_view source;
  /// The destination; empty if the event concerns the source alone.
  std::string_view destination;
  /// The ID of the connection; 0 for events without a connection.
  std::uint64_t connection_id = 0;
  /// The bytes sent, or a description.
  std::string_view detail;
};

/// Log of all events of a simulation. Two runs with the same hash are identical, except for hash collisions.
class event_log {
 public:
  /// `hash`: the log keeps the hash only; `timeline`: it also keeps one line for each event.
  enum class mode { hash, timeline };

  /// Lines show milliseconds since `start`.
  explicit event_log(time_point start, mode log_mode = mode::hash)
      : start_(start), keeps_lines_(log_mode == mode::timeline) {}

  void add(const event& added);

  /// Hash of all events so far, including the bytes sent. The hash is not cryptographic.
  std::uint64_t hash() const noexcept { return hash_; }
  std::uint64_t event_count() const noexcept { return event_count_; }
  /// One line for each event, such as `12.345 ms dashboard → time-service #12 GET /api/time HTTP/1.1 (231 B)`. For sent
  /// bytes, the line shows the first line of the bytes, escaped. Empty in `mode::hash`.
  const std::vector<std::string>& timeline() const noexcept { return lines_; }
  /// The timeline as one string.
  std::string text() const;
  /// The most important lines of the timeline as one string, at most `max_lines` (at least 3) of `max_width`
  /// characters. If there are more lines, events of the transport are omitted first, then events in the middle.
  std::string summary(std::size_t max_lines = 40, std::size_t max_width = 110) const;

 private:
  void mix(std::uint64_t word) noexcept;
  void mix(std::string_view bytes) noexcept;
  std::string line_for(const event& entry) const;

  time_point start_;
  bool keeps_lines_;
  std::uint64_t hash_ = 0;
  std::uint64_t event_count_ = 0;
  std::vector<std::string> lines_;
  /// The importance of each line, for `summary`: 0 is the most important.
  std::vector<std::uint8_t> ranks_;
};

}  // namespace cohort::sim
