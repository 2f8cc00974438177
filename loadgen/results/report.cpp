// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/report.hpp"

namespace cohort::loadgen {

int run_verdict::exit_status() const noexcept {
  switch (kind) {
    case verdict_kind::passed: return 0;
    case verdict_kind::objective_failed: return 99;
    case verdict_kind::interrupted: return 105;
    case verdict_kind::invalid: return 120;
    case verdict_kind::regression: return 121;
  }
  return 0;
}

std::string_view run_verdict::word() const noexcept {
  switch (kind) {
    case verdict_kind::passed: return "PASS";
    case verdict_kind::objective_failed: return "FAIL";
    case verdict_kind::interrupted: return "INTERRUPTED";
    case verdict_kind::invalid: return "INVALID";
    case verdict_kind::regression: return "REGRESSION";
  }
  return "PASS";
}

const request_stats& run_report::stats_of(std::string_view target) const noexcept {
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (targets[i].name == target) return target_stats[i];
  return totals;
}

}  // namespace cohort::loadgen
