// SPDX-License-Identifier: BSL-1.0
#include <cohort/testing/deadlines.hpp>

namespace cohort::testing {

void require_deadlines_hold(sim::deadline_audit& audit) {
  const auto report = audit.report();
  if (!report.findings.empty()) throw deadline_violation("the deadlines do not hold:\n" + report.text());
}

}  // namespace cohort::testing
