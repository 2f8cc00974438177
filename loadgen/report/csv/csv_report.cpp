// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include "loadgen/report/report_formats.hpp"
#include "loadgen/results/format.hpp"

namespace cohort::loadgen {
namespace {

constexpr int second_decimals = 3;
constexpr int ratio_decimals = 3;

/// RFC 4180, section 2.
std::string quote_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string{text};
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string seconds_field(duration value) { return format_fixed(to_seconds(value), second_decimals); }

std::string common_fields(const interval_report& interval, std::string_view phase, std::string_view target,
                          const interval_stats& stats) {
  auto row = seconds_field(interval.start) + ',' + seconds_field(interval.length) + ',' + quote_field(phase) + ',' +
             quote_field(target);
  for (const auto value : {stats.planned, stats.sent, stats.answered, stats.failed, stats.p50_us, stats.p90_us,
                           stats.p99_us, stats.max_us}) {
    row += ',' + std::to_string(value);
  }
  return row;
}

}  // namespace

std::string csv_header() {
  return "start_s,length_s,phase,target,planned,sent,answered,failed,p50_us,p90_us,p99_us,max_us,in_flight,waiting,"
         "busiest_worker_cpu\n";
}

std::string csv_rows(const interval_report& interval, const std::vector<target_description>& targets,
                     const std::vector<load_profile::phase>& phases) {
  const std::string_view phase = interval.phase < phases.size() ? std::string_view{phases[interval.phase].name} : "";
  auto rows = common_fields(interval, phase, "*", interval.totals) + ',' + std::to_string(interval.in_flight) + ',' +
              std::to_string(interval.waiting) + ',' + format_fixed(interval.busiest_worker_cpu, ratio_decimals) + '\n';
  for (std::size_t i = 0; i < std::min(targets.size(), interval.target_stats.size()); ++i) {
    rows += common_fields(interval, phase, targets[i].name, interval.target_stats[i]) + ",,,\n";
  }
  return rows;
}

}  // namespace cohort::loadgen
