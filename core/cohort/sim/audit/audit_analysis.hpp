// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <cohort/sim/audit/deadline_audit.hpp>

namespace cohort::sim {

/// Evaluates the records of a `deadline_audit`, which is its only user.
class audit_analysis {
 public:
  explicit audit_analysis(const deadline_audit& audit) : audit_(audit) {}

  audit_report run();

 private:
  using request = deadline_audit::request;
  using call = deadline_audit::call;
  /// The key of a finding: service, route, upstream.
  using key = std::tuple<std::string, std::string, std::string>;
  struct samples {
    std::uint64_t timeouts = 0;
    std::vector<duration> given;
    std::vector<duration> used;
    std::vector<duration> needed;
  };
  /// The worst case of a finding, and the number of its occurrences.
  struct finding_record {
    std::uint64_t count = 0;
    duration worst{};
    std::string description;
  };

  void add_budgets();
  void find_late_deadlines(const request& request);
  bool is_limited_by_caller(const request& request);
  void find_excessive_timeouts(const request& request);
  void find_small_reserves();
  void find_missing_contexts();
  void find_work_after_disconnect();
  /// Counts an occurrence; keeps the description of the worst occurrence.
  void add(audit_finding_kind kind, key finding_key, duration worst, std::string description);
  duration timeout_of(const request& caller, const call& upstream_call) const;

  const deadline_audit& audit_;
  std::map<key, samples> budgets_;
  /// Remaining time that callers have sent, by server and arrival time.
  std::map<std::pair<std::string, time_point>, duration> caller_deadlines_;
  std::map<std::pair<audit_finding_kind, key>, finding_record> findings_;
};

}  // namespace cohort::sim
