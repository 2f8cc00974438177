#pragma once

#include <string>

#include "loadgen/figures.hpp"
#include "loadgen/outputs.hpp"

namespace cohort::loadgen {

/// What is known while a run goes on.
struct progress {
  duration elapsed{};
  duration length{};  // zero if nobody knows
  std::string phase;
  double planned_per_second = 0;   // now; zero in a closed loop
  const report* so_far = nullptr;  // targets, intervals, by_target and all are filled
};

/// Shows a run while it goes on: a picture that is drawn over itself on a terminal, else a line from time to time.
/// Gives text to print and prints nothing itself.
class live_view {
 public:
  struct settings {
    bool terminal = false;
    text_style style;
    unsigned rows = 24;  // the picture has fewer lines, as only what is on the screen can be drawn over
  };
  explicit live_view(settings how) : how_(how) {}

  /// The terminal has another size from now on.
  void resize(unsigned columns, unsigned rows) noexcept;
  /// Called about once a second. May be empty.
  std::string update(const progress& now);
  /// Takes the picture away, so that the report has the place.
  std::string finish();

 private:
  std::string plain_line(const progress& now);
  std::string up_to_the_first_line() const;

  settings how_;
  std::size_t lines_drawn_ = 0;
  duration last_line_at_{-1};
  std::string last_phase_;
};

}  // namespace cohort::loadgen
