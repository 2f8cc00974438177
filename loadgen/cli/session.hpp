// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/client/client.hpp>
#include "loadgen/cli/report_files.hpp"
#include "loadgen/client/address_overrides.hpp"
#include "loadgen/engine/knee_search.hpp"
#include "loadgen/engine/load_run.hpp"
#include "loadgen/options/run_configuration.hpp"
#include "loadgen/results/run_verdict.hpp"
#include "loadgen/scrape/metrics_endpoint.hpp"
#include "loadgen/scrape/server_monitor.hpp"
#include "loadgen/terminal/live_view.hpp"

namespace cohort::loadgen {

inline constexpr int exit_preflight_failed = 122;

struct terminal_size {
  unsigned columns = 80;
  unsigned rows = 24;
};

/// The output streams of a session.
struct console {
  std::function<void(std::string_view)> write_status;  // standard error
  std::function<void(std::string_view)> write_report;  // standard output
  /// Returns the size of the terminal. Called before each frame, because the size can change.
  std::function<terminal_size()> current_size = [] { return terminal_size{}; };
  live_view::settings view;
  terminal::output_options report_options;
};

/// One execution of the program: preflight, load run or knee search, verdict, outputs. All members must be called on
/// the control loop, except the constructor and `prepare`.
class session {
 public:
  /// All arguments must outlive the session.
  session(const run_configuration& configuration, const run_environment& environment, console& console);
  ~session();

  /// Reads the baseline, and opens the output files and the port of the metrics. Returns an error message of one
  /// sentence; empty on success.
  std::optional<std::string> prepare();
  /// Returns the exit status.
  task<int> run();
  /// Ends the run early, with a report. `reason` is a sentence.
  void interrupt(std::string reason);

 private:
  std::optional<std::string> read_baseline();
  /// Runs `work` until it ends or the session is interrupted.
  task<> run_until_interrupted(task<> work);
  task<> wait_for_interrupt();
  task<> check_targets(std::vector<std::string>& errors);
  task<run_report> run_load();
  task<run_report> run_knee_search();
  task<run_report> run_trial(const load_settings& settings, const std::string& label);
  task<> scrape_at_phase_ends(const load_run& run, server_monitor& monitor);
  void set_current_run(load_run* run);
  run_verdict evaluate_search(const run_report& report) const;
  void show_progress(const run_report& report, const load_settings& settings, const std::string& label);
  void compare_with_baseline(run_report& report) const;
  int finish(run_report report);

  const run_configuration& configuration_;
  overridden_network network_;
  /// Uses `network_`.
  run_environment environment_;
  console& console_;
  http::client metrics_client_;
  live_view view_;
  load_run* current_run_ = nullptr;
  std::unique_ptr<metrics_endpoint> endpoint_;
  std::optional<run_series> baseline_;
  report_files files_;
  early_end early_end_;
  wait_queue interrupted_;
  bool is_generator_limited_ = false;
};

}  // namespace cohort::loadgen
