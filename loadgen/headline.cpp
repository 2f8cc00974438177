#include "loadgen/headline.hpp"

#include <algorithm>
#include <cstdio>

#include "loadgen/figures.hpp"

namespace cohort::loadgen {

std::string utc_text(wall_time when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::milliseconds>(when - day)};
  char text[48];
  const int length =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text, static_cast<std::size_t>(length)};
}

std::string date_text(wall_time when) {
  const auto stamp = utc_text(when);
  return stamp.substr(0, 10) + ' ' + stamp.substr(11, 8) + " UTC";
}

duration load_length(const report& of) {
  if (of.closed_loop || of.planned_length == duration{}) return of.took;
  return std::min(of.planned_length, of.took);
}

std::string load_text(const report& of) {
  if (of.closed_loop) {
    return "closed loop with " + count_text(of.generator.connections) + " connections for " +
           seconds_text(of.planned_length);
  }
  return rate_text(of.planned_per_second) + " requests/s" + (of.phases.size() > 1 ? " on average" : "") + " for " +
         seconds_text(of.planned_length);
}

}  // namespace cohort::loadgen
