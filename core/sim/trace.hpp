#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/runtime/clock.hpp"

namespace cohort::sim {

enum class event_kind : std::uint8_t { connect, accepted, refused, bytes, closed, reset, dns, fault, note };

/// Something that happened between two hosts, or at one.
struct event {
  time_point when;
  event_kind what;
  std::string_view from;
  /// Empty if only one is concerned.
  std::string_view to;
  /// Of the connection; zero for none.
  std::uint64_t number = 0;
  /// The bytes themselves, or what there is to say.
  std::string_view content;
};

/// All that happened in a run, as one number that two equal runs share, and, if asked for, as lines to read.
class trace {
 public:
  enum class keeping { hash, timeline };

  /// Lines count their milliseconds from `start`.
  explicit trace(time_point start, keeping what = keeping::hash)
      : start_(start), keeps_lines_(what == keeping::timeline) {}

  void add(const event& happened);

  /// Of everything so far, content included. For telling runs apart, not for keeping forgers out.
  std::uint64_t hash() const noexcept { return hash_; }
  std::uint64_t events() const noexcept { return events_; }
  /// One line an event: `12.345 ms  dashboard → time-service #12  GET /api/time HTTP/1.1 (231 B)`. Of bytes only the
  /// first line, escaped. None if only the hash is kept.
  const std::vector<std::string>& timeline() const noexcept { return lines_; }
  /// The same as one text.
  std::string text() const;

 private:
  void mix(std::uint64_t word) noexcept;
  void mix(std::string_view bytes) noexcept;
  std::string line_for(const event& happened) const;

  time_point start_;
  bool keeps_lines_;
  std::uint64_t hash_ = 0;
  std::uint64_t events_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace cohort::sim
