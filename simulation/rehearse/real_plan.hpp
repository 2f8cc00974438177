// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cohort/sim/plan/plan.hpp>

// The plan for the runs of a rehearsal with real processes.
namespace cohort::simulation::rehearsal {

struct real_call {
  std::string to;
  std::string url_variable;
};
BOOST_DESCRIBE_STRUCT(real_call, (), (to, url_variable))

struct real_service {
  std::string name;
  /// The program; if empty, `cohort-model-service` runs the model.
  std::string program;
  std::int64_t threads = 1;
  /// Services with the same machine run on the same core.
  std::string machine;
  std::map<std::string, std::string> environment;
  /// The calls of a modeled service.
  std::vector<real_call> calls;
};
BOOST_DESCRIBE_STRUCT(real_service, (), (name, program, threads, machine, environment, calls))

struct real_load {
  std::string service;
  std::string path;
  double rate = 0;
  double patience_s = 0;
  std::int64_t retries = 0;
  double backoff_s = 0;
  /// Timeout of a call over all attempts.
  double timeout_s = 0;
  std::optional<double> deadline_s;
  std::string complete_result_text;
};
BOOST_DESCRIBE_STRUCT(real_load, (),
                      (service, path, rate, patience_s, retries, backoff_s, timeout_s, deadline_s,
                       complete_result_text))

struct real_fault {
  double at_s = 0;
  double lasts_s = 0;
  std::string service;
  double slowdown = 1;
  std::int64_t latency_ms = 0;
  std::int64_t error_percent = 0;
  std::int64_t hang_percent = 0;
  bool is_killed = false;
};
BOOST_DESCRIBE_STRUCT(real_fault, (),
                      (at_s, lasts_s, service, slowdown, latency_ms, error_percent, hang_percent, is_killed))

/// A part of a run between two times at which a fault starts or ends.
struct run_phase {
  std::string name;
  double start_s = 0;
  double length_s = 0;
};
BOOST_DESCRIBE_STRUCT(run_phase, (), (name, start_s, length_s))

struct real_scenario {
  std::string name;
  std::vector<run_phase> phases;
  std::vector<real_fault> faults;
};
BOOST_DESCRIBE_STRUCT(real_scenario, (), (name, phases, faults))

/// A run without faults.
struct real_rate {
  std::string name;
  double rate = 0;
};
BOOST_DESCRIBE_STRUCT(real_rate, (), (name, rate))

struct real_plan {
  std::vector<real_service> services;
  real_load load;
  double calibration_rate = 0;
  double calibration_s = 0;
  std::vector<real_rate> rates;
  std::vector<real_scenario> scenarios;
};
BOOST_DESCRIBE_STRUCT(real_plan, (), (services, load, calibration_rate, calibration_s, rates, scenarios))

/// The name of a run without faults, such as `200/s`.
std::string name_of_rate(double rate);

/// Returns the phases of a run: before, during and after each fault.
std::vector<run_phase> phases_of(const sim::planned_scenario& scenario, duration length);

/// Returns the plan for runs with real processes, or one line with the settings that the real programs do not support.
result<real_plan, std::string> make_real_plan(const sim::plan& plan);

}  // namespace cohort::simulation::rehearsal
