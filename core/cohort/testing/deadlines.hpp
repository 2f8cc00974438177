// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>

#include <cohort/sim/audit/deadline_audit.hpp>

namespace cohort::testing {

/// Thrown if deadlines of a fleet are violated. `what()` returns the report.
class deadline_violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws `deadline_violation`, which every test framework reports with its message, if the audit has findings.
void require_no_deadline_violations(sim::deadline_audit& audit);

}  // namespace cohort::testing
