#pragma once

#include <array>
#include <boost/url/url.hpp>
#include <string>
#include <string_view>

#include "core/service/service.hpp"

namespace cohort::dashboard {

/// What became of one part of an answer.
enum class part_state { fresh, stale, timeout, error, shed, open };
inline constexpr std::array<std::string_view, 6> part_state_names{"fresh", "stale", "timeout", "error", "shed", "open"};
constexpr std::string_view name_of(part_state state) noexcept {
  return part_state_names[static_cast<std::size_t>(state)];
}

/// One upstream's answer, or why there is none.
struct part {
  part_state state = part_state::error;
  std::string body;  // one JSON object as the upstream sent it; empty without an answer
  duration elapsed{};
  duration limit{};  // what it was given
};

/// A service that the dashboard asks.
class upstream {
 public:
  struct names {
    std::string label;  // in metrics: time, sysinfo, weather
    boost::urls::url address;
  };

  upstream(service::kit with, const names& named, duration limit);

  /// Asks it, within its limit and what is left until `until`. Never fails: that is what `part` says.
  task<part> ask(deadline until, std::string_view request_id);
  task<part> ask(deadline until, std::string_view request_id, duration own_limit);

 private:
  void record(const part& done);

  service::kit kit_;
  boost::urls::url address_;
  duration limit_;
  telemetry::histogram& durations_;
  std::array<telemetry::counter*, part_state_names.size()> outcomes_;
};

}  // namespace cohort::dashboard
