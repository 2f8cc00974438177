// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/sim/plan/planned_fleet.hpp>
#include "simulation/rehearse/observed_run.hpp"

namespace cohort::simulation::rehearsal {

/// Simulates a scenario of a plan with another load.
observed_run simulate(const sim::plan& plan, const sim::planned_scenario& scenario, double rate, duration length,
                      const sim::program_catalog& programs, std::uint64_t seed);

/// The HTTP costs of one service, planned and measured.
struct calibrated_cost {
  std::string service;
  /// CPU microseconds of each call of the callers.
  double planned_us = 0;
  double measured_us = 0;
};

/// A plan with measured costs.
struct calibration {
  sim::plan plan;
  std::vector<calibrated_cost> costs;
  /// Added to the latency of each link, in microseconds, so that the median response time equals the measured median.
  double added_latency_us = 0;
};

/// `real` are runs without faults at one rate. Sets the pauses of the cores from the dispatch lag of the median run.
/// Then scales the HTTP costs of each service so that the CPU time of a call equals the measured mean, and sets the
/// latency of the links. Precondition: `real` is not empty.
calibration calibrate(const sim::plan& plan, const std::vector<observed_run>& real,
                      const sim::program_catalog& programs);

}  // namespace cohort::simulation::rehearsal
