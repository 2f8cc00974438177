// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include "loadgen/results/format.hpp"
#include "simulation/rehearse/report.hpp"

namespace cohort::simulation::rehearsal {
namespace {

using loadgen::format_fixed;

/// Characters of UTF-8.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string cell(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, length_of(text)), ' ');
}

std::string row(const std::string& name, const std::string& simulated, const std::string& measured,
                const std::string& difference) {
  auto text = "  " + cell(name, 22) + cell(simulated, 14) + cell(measured, 34) + difference;
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string render_breakers(const observed_run& run) {
  std::string text;
  for (const auto& change : run.breakers) {
    text.append(text.empty() ? "" : ", ").append(change.upstream + " " + change.state + " at ");
    text.append(format_fixed(change.at_s, 1)).append(" s");
  }
  return text.empty() ? "no change" : text;
}

std::string render_comparison(const comparison& comparison) {
  std::string text = comparison.name + "\n";
  for (const auto& warning : comparison.warnings) {
    text.append("  outside the model's range of validity (marked ~): ").append(warning).append("\n");
  }
  for (const auto& run : comparison.real) {
    if (!run.invalid_reason.empty()) text.append("  invalid measurement: ").append(run.invalid_reason).append("\n");
  }
  const std::string mark = comparison.warnings.empty() ? "" : "~";
  for (const auto& phase : comparison.phases) {
    text += row(phase.name + ", " + format_fixed(phase.start_s, 0) + " to " +
                    format_fixed(phase.start_s + phase.length_s, 0) + " s",
                "simulated", "measured", "difference");
    for (const auto& value : phase.values) {
      text += row("  " + value.name, mark + value.format_simulated(), value.format_measured(),
                  value.difference() + (value.is_within_spread() ? ", within the spread" : ""));
    }
  }
  const bool has_breakers = !comparison.simulated.breakers.empty() || !comparison.real.front().breakers.empty();
  if (!has_breakers) return text + "\n";
  return text + "  breakers, simulated: " + render_breakers(comparison.simulated) +
         "\n  breakers, measured:  " + render_breakers(comparison.real.front()) + "\n\n";
}

}  // namespace

std::string describe_slowdown(const idle_response& measured, const sim::idle_slowdown& simulated) {
  return loadgen::format_duration(static_cast<std::uint64_t>(measured.saturation_idle_us)) +
         " of idle time, a call takes " + format_fixed(measured.increase_us, 0) +
         " µs more: the HTTP costs are up to " + format_fixed(simulated.max_factor, 2) + " times as high";
}

std::string text_report(const rehearsal_result& result) {
  auto text = "measured on " + result.machine + "\n\nCPU time of each call, measured at " +
              loadgen::format_number(result.calibrated.rate) + "/s\n";
  for (const auto& cost : result.calibrated.costs) {
    text.append("  ").append(cell(cost.service, 22)).append(format_fixed(cost.measured_us, 0) + " µs, in the plan ");
    text.append(format_fixed(cost.planned_us, 0)).append(" µs\n");
  }
  text.append("  added to the latency of each link: ").append(format_fixed(result.calibrated.added_latency_us, 0));
  text += " µs, for the measured response time\n";
  if (const auto& pauses = result.calibrated.plan.pauses; pauses.any()) {
    text += "  pauses of each core: " + format_fixed(pauses.per_second, 1) + " per second (without load " +
            format_fixed(pauses.per_second * result.calibrated.idle_pause_ratio, 1) + "), on average " +
            format_fixed(to_milliseconds(pauses.length.mean()), 2) + " ms, from the dispatch lag of loadgen\n";
  }
  if (const auto& idle = result.calibrated.idle_fit) {
    text += "  after " + describe_slowdown(*idle, result.calibrated.plan.slowdown_after_idle) + "\n";
  }
  text += "\n";
  for (const auto& rate : result.rates) text += render_comparison(rate);
  for (const auto& scenario : result.scenarios) text += render_comparison(scenario);
  return text;
}

}  // namespace cohort::simulation::rehearsal
