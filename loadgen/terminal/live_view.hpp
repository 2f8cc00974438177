// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "loadgen/results/report.hpp"
#include "loadgen/terminal/styled_line.hpp"

namespace cohort::loadgen {

/// The state of a run in progress.
struct run_progress {
  duration elapsed{};
  duration planned_duration{};  // zero if unknown
  std::string phase;
  double planned_rate = 0;             // current planned rate per second; zero in a closed loop
  const run_report* report = nullptr;  // current results of the run
};

/// Shows a run in progress: on a terminal as a frame that replaces the previous one, otherwise as a line every five
/// seconds. Returns the text to print.
class live_view {
 public:
  struct settings {
    bool is_terminal = false;
    terminal::output_options output;
    unsigned rows = 24;  // limits the lines of a frame, because only visible lines can be replaced
  };
  explicit live_view(settings view_settings) : settings_(view_settings) {}

  /// Sets the size of the terminal.
  void resize(unsigned columns, unsigned rows) noexcept;
  /// Returns the text to print, which may be empty. Must be called about once a second.
  std::string update(const run_progress& progress);
  /// Removes the frame.
  std::string finish();

 private:
  std::string update_line(const run_progress& progress);
  std::string cursor_to_first_line() const;

  settings settings_;
  std::size_t drawn_line_count_ = 0;
  duration last_line_time_{-1};
  std::string last_phase_;
};

}  // namespace cohort::loadgen
