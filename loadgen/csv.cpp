#include <algorithm>

#include "loadgen/figures.hpp"
#include "loadgen/outputs.hpp"

namespace cohort::loadgen {
namespace {

constexpr int milliseconds = 3;  // decimals of a second

/// As RFC 4180 has it.
std::string quoted(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string{text};
  std::string made = "\"";
  for (const char one : text) made.append(one == '"' ? 2 : 1, one);
  return made + '"';
}

std::string seconds(duration span) { return fixed_text(std::chrono::duration<double>(span).count(), milliseconds); }

std::string line_of(const interval& of, std::string_view phase, std::string_view target,
                    const interval_tally& counted) {
  auto text = seconds(of.start) + ',' + seconds(of.length) + ',' + quoted(phase) + ',' + quoted(target);
  for (const auto value : {counted.planned, counted.sent, counted.answered, counted.failed, counted.p50_us,
                           counted.p90_us, counted.p99_us, counted.max_us}) {
    text += ',' + std::to_string(value);
  }
  return text;
}

}  // namespace

std::string csv_header() {
  return "start_s,length_s,phase,target,planned,sent,answered,failed,p50_us,p90_us,p99_us,max_us,in_flight,waiting,"
         "busiest_worker_cpu\n";
}

std::string csv_lines(const interval& of, const std::vector<target_description>& targets,
                      const std::vector<plan::phase>& phases) {
  const std::string_view phase = of.phase < phases.size() ? std::string_view{phases[of.phase].name} : "";
  auto text = line_of(of, phase, "*", of.all) + ',' + std::to_string(of.in_flight) + ',' + std::to_string(of.waiting) +
              ',' + fixed_text(of.busiest_worker_cpu, 3) + '\n';
  for (std::size_t i = 0; i < std::min(targets.size(), of.targets.size()); ++i) {
    text += line_of(of, phase, targets[i].name, of.targets[i]) + ",,,\n";
  }
  return text;
}

}  // namespace cohort::loadgen
