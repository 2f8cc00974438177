// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <set>
#include <string>

#include <cohort/runtime/time/clock.hpp>
#include "services/weather/providers/provider_failure.hpp"

namespace cohort::weather {

/// Decides when a provider is temporarily not called. A cooldown starts when the provider is unreachable, or when
/// requests for `min_failed_locations` different locations have failed without a response in between. A failure for one
/// location does not imply failures for other locations. A cooldown lasts 5 s, doubled each time up to 60 s; any
/// response ends it. The class is a state machine without I/O and locks.
class provider_health {
 public:
  static constexpr std::size_t min_failed_locations = 3;

  void record_response() noexcept;
  /// `response_invalid` has no effect, because a provider may send an invalid response for one location or for all.
  void record_failure(const provider_failure& failure, const std::string& location_key, time_point now);

  /// Time until the provider may be called; zero if it may be called now.
  duration cooldown(time_point now) const noexcept;
  /// The error class that started the cooldown.
  const std::string& cooldown_error() const noexcept { return cooldown_error_; }

 private:
  void start_cooldown(const std::string& error, time_point now);

  std::set<std::string> failed_locations_;  // at most min_failed_locations
  unsigned cooldown_count_ = 0;             // failed locations since the last response
  time_point cooldown_end_{};
  std::string cooldown_error_;
};

}  // namespace cohort::weather
