// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/run_summary.hpp"

#include <algorithm>

#include <cohort/runtime/time/date_format.hpp>

#include "loadgen/results/format.hpp"

namespace cohort::loadgen {

std::string format_date_time(wall_time time) {
  const auto timestamp = format_rfc3339(time).str();
  return timestamp.substr(0, 10) + ' ' + timestamp.substr(11, 8) + " UTC";
}

duration load_duration(const run_report& report) {
  if (report.is_closed_loop() || report.planned_duration == duration{}) return report.run_duration;
  return std::min(report.planned_duration, report.run_duration);
}

std::string describe_load(const run_report& report) {
  const auto length = format_seconds(report.planned_duration);
  if (report.is_closed_loop()) {
    return "closed loop with " + format_count(report.generator.connections) + " connections for " + length;
  }
  return format_number(*report.planned_rate) + " requests/s" + (report.phases.size() > 1 ? " on average" : "") +
         " for " + length;
}

}  // namespace cohort::loadgen
