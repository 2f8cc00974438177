// SPDX-License-Identifier: BSL-1.0
#include "simulation/lab/alert_measures.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <limits>

namespace cohort::simulation::labs {
namespace {

using namespace std::chrono_literals;

constexpr double never = std::numeric_limits<double>::infinity();

sim::planned_fault fault_at(duration at, duration length) {
  sim::planned_fault fault;
  fault.at = at;
  fault.length = length;
  return fault;
}

/// Returns the measures of an alert with windows of 1 and 5 minutes.
alert_measures measures_of(std::vector<sim::planned_fault> faults, const std::vector<sim::alert_firing>& firings) {
  sim::alert_rule rule;
  rule.windows = {5min, 1min};
  sim::planned_scenario scenario;
  scenario.faults = std::move(faults);
  return measure_alert(rule, scenario, firings);
}

struct alert_case {
  const char* description;
  std::vector<sim::planned_fault> faults;
  std::vector<sim::alert_firing> firings;
  alert_measures expected;
};

TEST_CASE("alert measures: detection time, resolution time and false alarms are computed from the firings",
          "[simulation][alerts]") {
  const auto fault = fault_at(10min, 5min);
  const auto tested_case = GENERATE_COPY(values<alert_case>({
      {"no fault, no firing", {}, {}, {0, 0, 0}},
      {"a firing without a fault", {}, {{2min, 3min}}, {0, 0, 1}},
      {"no firing", {fault}, {}, {never, 0, 0}},
      {"a firing during the fault", {fault}, {{11min, 16min}}, {60, 60, 0}},
      {"a firing that ends before the fault ends", {fault}, {{11min, 12min}}, {60, 0, 0}},
      {"two firings: detection at the first, resolution at the last",
       {fault},
       {{11min, 12min}, {14min, 17min}},
       {60, 120, 0}},
      {"a firing from before the fault", {fault}, {{9min, 11min}}, {0, 0, 1}},
      {"a firing that ends when the fault starts", {fault}, {{9min, 10min}}, {never, 0, 1}},
      {"a firing that starts at the end of the fault", {fault}, {{15min, 16min}}, {300, 60, 0}},
      {"a firing within the longest window after the fault", {fault}, {{20min, 21min}}, {never, 0, 0}},
      {"a firing after the longest window after the fault", {fault}, {{20min + 1s, 21min}}, {never, 0, 1}},
      {"a firing that does not end", {fault}, {{11min, std::nullopt}}, {60, never, 0}},
      {"two faults: the longest times",
       {fault, fault_at(40min, 5min)},
       {{11min, 17min}, {43min, 46min}},
       {180, 120, 0}},
      {"two faults, of which one is not detected", {fault, fault_at(40min, 5min)}, {{11min, 17min}}, {never, 120, 0}},
  }));
  INFO(tested_case.description);
  const auto measured = measures_of(tested_case.faults, tested_case.firings);
  CHECK(measured.detection_time == tested_case.expected.detection_time);
  CHECK(measured.resolution_time == tested_case.expected.resolution_time);
  CHECK(measured.false_alarms == tested_case.expected.false_alarms);
}

}  // namespace
}  // namespace cohort::simulation::labs
