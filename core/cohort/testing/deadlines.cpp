// SPDX-License-Identifier: BSL-1.0
#include <cohort/testing/deadlines.hpp>

namespace cohort::testing {

void require_no_deadline_violations(sim::deadline_audit& audit) {
  const auto report = audit.report();
  if (!report.findings.empty()) throw deadline_violation("deadlines are violated:\n" + report.text());
}

}  // namespace cohort::testing
