// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/plan/random_scenarios.hpp>

#include <algorithm>
#include <cstdio>

#include <cohort/runtime/random.hpp>

namespace cohort::sim {
namespace {

constexpr std::uint64_t max_faults = 3;
/// The resolution of the times of faults.
constexpr duration time_step = std::chrono::milliseconds{100};

struct integer_range {
  std::uint64_t min;
  std::uint64_t max;
};

enum class fault_kind : std::uint8_t { errors, hangs, latency, errors_and_hangs, latency_and_errors, killed };
constexpr std::uint64_t fault_kind_count = 6;

std::uint64_t draw(random_generator& random, integer_range range) {
  return range.min + random.uniform_below(range.max - range.min + 1);
}

double draw_percent(random_generator& random, integer_range range) {
  return static_cast<double>(draw(random, range)) / 100;
}

duration draw_milliseconds(random_generator& random, integer_range range) {
  return std::chrono::milliseconds{draw(random, range)};
}

duration draw_fraction(random_generator& random, duration total, double min, double max) {
  const auto length = static_cast<double>(total.count()) * (min + (max - min) * random.uniform());
  return std::max<duration>(duration{static_cast<duration::rep>(length)} / time_step * time_step, time_step);
}

void draw_effects(random_generator& random, const planned_service& target, planned_fault& fault) {
  auto& effects = fault.effects;
  auto kind = static_cast<fault_kind>(random.uniform_below(fault_kind_count));
  if (!target.program.empty()) kind = fault_kind::killed;
  switch (kind) {
    case fault_kind::errors: effects.failure_ratio = draw_percent(random, {5, 60}); break;
    case fault_kind::hangs: effects.hang_ratio = draw_percent(random, {1, 15}); break;
    case fault_kind::latency: effects.extra_latency = draw_milliseconds(random, {20, 200}); break;
    case fault_kind::errors_and_hangs:
      effects.failure_ratio = draw_percent(random, {5, 40});
      effects.hang_ratio = draw_percent(random, {1, 8});
      break;
    case fault_kind::latency_and_errors:
      effects.extra_latency = draw_milliseconds(random, {20, 150});
      effects.failure_ratio = draw_percent(random, {5, 40});
      break;
    case fault_kind::killed: fault.killed = draw(random, {1, target.instances}); break;
  }
}

std::string describe(const planned_fault& fault, bool with_service) {
  const auto percent = [](double ratio) { return std::to_string(static_cast<int>(ratio * 100 + 0.5)) + " %"; };
  const auto& effects = fault.effects;
  std::vector<std::string> parts;
  if (effects.extra_latency > duration{}) {
    const auto latency = std::chrono::duration_cast<std::chrono::milliseconds>(effects.extra_latency);
    parts.push_back(std::to_string(latency.count()) + " ms slower");
  }
  if (effects.failure_ratio > 0) parts.push_back(percent(effects.failure_ratio) + " errors");
  if (effects.hang_ratio > 0) parts.push_back(percent(effects.hang_ratio) + " hang");
  if (fault.killed > 0) parts.push_back(std::to_string(fault.killed) + " killed");
  std::string text = with_service ? fault.service + " " : "";
  for (std::size_t i = 0; i < parts.size(); ++i) text.append(i > 0 ? " and " : "").append(parts[i]);
  char length_text[32];
  std::snprintf(length_text, sizeof length_text, " for %.1f s", to_seconds(fault.length));
  return text + length_text;
}

planned_scenario draw_scenario(const plan& source, const random_scenario_settings& settings, std::size_t index) {
  // The seed is not used directly, because one scenario of a seed would then equal another scenario of the next seed.
  random_generator random{random_generator{settings.seed}.next() + index};
  planned_scenario scenario;
  scenario.name = std::to_string(index + 1) + ":";
  const auto count = draw(random, {1, max_faults});
  const auto begin = source.load.length / 6;
  const auto slot = source.load.length * 2 / 3 / static_cast<duration::rep>(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    planned_fault fault;
    fault.service = settings.services[random.uniform_below(settings.services.size())];
    // At least 10 % of a slot separates two faults, so that a killed process can start.
    fault.at = begin + slot * static_cast<duration::rep>(i) + draw_fraction(random, slot, 0, 0.25);
    fault.length = draw_fraction(random, slot, 0.3, 0.65);
    draw_effects(random, *source.find(fault.service), fault);
    scenario.name.append(i > 0 ? ", then " : " ").append(describe(fault, settings.services.size() > 1));
    scenario.faults.push_back(std::move(fault));
  }
  return scenario;
}

}  // namespace

std::vector<planned_scenario> draw_scenarios(const plan& source, const random_scenario_settings& settings) {
  std::vector<planned_scenario> scenarios;
  for (std::size_t i = 0; i < settings.count; ++i) scenarios.push_back(draw_scenario(source, settings, i));
  return scenarios;
}

}  // namespace cohort::sim
