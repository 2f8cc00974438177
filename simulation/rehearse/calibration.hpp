// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/sim/plan/planned_fleet.hpp>
#include "simulation/rehearse/idle_response.hpp"
#include "simulation/rehearse/observed_run.hpp"

namespace cohort::simulation::rehearsal {

/// The HTTP costs of one service, planned and measured.
struct calibrated_cost {
  std::string service;
  /// CPU time per call of the callers, in microseconds.
  double planned_us = 0;
  double measured_us = 0;
};

/// A plan with calibrated parameters.
struct calibration {
  sim::plan plan;
  std::vector<calibrated_cost> costs;
  /// The latency in microseconds that is added to each link, so that the response time of a call without idle time
  /// before it equals the measured response time.
  double added_latency_us = 0;
  /// The measured response time after idle times; empty if it does not rise, or if too few calls started after an idle
  /// time.
  std::optional<idle_response> idle_fit{};
  /// Whether enough calls started after an idle time. Otherwise, predictions for lower loads are outside the model's
  /// range of validity, because the cores are idle for longer.
  bool has_idle_times = false;
  /// The rate of the calibration, in calls per second.
  double rate = 0;
  /// The rate of the pauses of idle cores divided by the rate of the pauses in the calibration; at most 1.
  double idle_pause_ratio = 1;
};

/// The calibrated plan for another rate. The rate of the pauses increases linearly with the load, from the rate of idle
/// cores to that of the calibration, because hypervisors and other programs interrupt a busy core more often.
sim::plan plan_for_rate(const calibration& calibrated, double rate);

/// Sets the parameters of the plan from `real.calibrations`, which has at least one run:
/// - the pauses of the cores from the dispatch lag of the median run, and their rate without load from the dispatch lag
///   of `real.single_calls`;
/// - the HTTP costs of each service, so that the CPU time of a call equals the measured mean;
/// - the slowdown of idle cores, so that the response time of a call depends on the idle time before it as measured, in
///   these runs and in `real.single_calls`;
/// - the latency of the links, so that the response time without idle time equals the measured one. If no call started
///   after an idle time, the median response time is used instead.
calibration calibrate(const sim::plan& plan, const real_runs& real, const sim::program_catalog& programs);

}  // namespace cohort::simulation::rehearsal
