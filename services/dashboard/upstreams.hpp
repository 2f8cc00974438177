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

  upstream(const service::kit& with, const names& named, const http::upstream_settings& how);

  /// Asks it, within its limit (or `own_limit`) and what the caller has left. Never fails: that is what `part` says.
  task<part> ask(http::caller who, std::optional<duration> own_limit = {});

 private:
  void record(const part& done, const telemetry::trace_context& trace);

  http::upstream calls_;
  std::string api_key_;
  boost::urls::url address_;
  telemetry::histogram& durations_;
  std::array<telemetry::counter*, part_state_names.size()> outcomes_;
};

}  // namespace cohort::dashboard
