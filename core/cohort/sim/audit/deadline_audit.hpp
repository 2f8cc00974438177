// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <cohort/sim/fleet.hpp>

namespace cohort::sim {

enum class audit_finding_kind : std::uint8_t {
  /// A call that a service made while it handled a request, without the request's `call_context`.
  forgotten_context,
  /// A call whose deadline is later than that of its request.
  late_deadline,
  /// Calls one after the other whose timeouts together are longer than the deadline of the route: the first ones can
  /// leave no time for the last. Not of requests whose caller leaves less time than the route.
  limits_exceed_deadline,
  /// A handler that needs more time after its last call than the calls leave to it before the deadline.
  reserve_too_small,
  /// A handler that went on after its client had disconnected.
  work_after_client_left,
};

/// The text of a kind, such as `forgotten context`.
std::string_view to_string(audit_finding_kind kind) noexcept;

struct audit_finding {
  audit_finding_kind kind{};
  std::string service;
  /// The pattern of the route; empty if it is not known.
  std::string route;
  /// The name of the upstream, or of the host that was called; empty if the finding concerns the route.
  std::string upstream;
  /// Number of requests or calls that showed it.
  std::uint64_t count = 0;
  /// One sentence, with times.
  std::string description;
};

/// Quantiles of some times; zero without any.
struct time_quantiles {
  std::uint64_t count = 0;
  duration p50{};
  duration p99{};
  duration max{};
};

/// The budgets of the calls of a route to an upstream, or of the requests of a route.
struct budget_row {
  std::string service;
  std::string route;
  /// Empty: the requests of the route.
  std::string upstream;
  /// Calls or requests that ended at their deadline.
  std::uint64_t timeouts = 0;
  /// The time to the deadline at the start. Not of those without a deadline.
  time_quantiles given;
  /// From the start to the end.
  time_quantiles used;
  /// The same of those that succeeded: what a call needs.
  time_quantiles needed;
};

struct audit_report {
  std::vector<budget_row> budgets;
  /// Empty if all deadlines hold.
  std::vector<audit_finding> findings;
  /// A table of the budgets, and one line for each finding.
  std::string text() const;
  /// `{"budgets":[…],"findings":[…]}`, with times in milliseconds.
  std::string json() const;
};

/// Examines how the services of a fleet pass on and use deadlines. It sees the requests with an asynchronous handler, a
/// body or a streamed response, by their records, and every request on the wire.
class deadline_audit {
 public:
  struct settings {
    /// Work that ends later than this after the client has disconnected is reported. Default: twice the 10 ms after
    /// which a half-closed connection counts as closed, plus the latency of a link.
    duration client_left_tolerance = std::chrono::milliseconds{25};
    /// A call may have a deadline that is later by this.
    duration deadline_tolerance = std::chrono::milliseconds{1};
  };

  /// Observes the services that are added or started from now on, by `fleet::observe_requests`. The fleet must outlive
  /// the audit.
  explicit deadline_audit(fleet& audited) : deadline_audit(audited, settings{}) {}
  deadline_audit(fleet& audited, settings limits);
  ~deadline_audit() { fleet_.observe_requests({}); }
  deadline_audit(const deadline_audit&) = delete;
  deadline_audit& operator=(const deadline_audit&) = delete;

  /// Calls of `service` to the host `upstream` are not made for requests: for example those of a periodic job.
  void expect_background_calls(std::string service, std::string upstream);

  /// The findings so far. Not in a task of the fleet.
  audit_report report();

 private:
  friend class audit_analysis;
  struct call {
    std::string upstream;
    time_point started;
    time_point ended;
    deadline until;
    std::string_view outcome;
  };
  struct request {
    const node* service;
    std::string route;
    std::string id;
    time_point started;
    time_point ended;
    deadline until;
    bool interrupted_by_deadline;
    bool interrupted;
    bool is_streamed;
    bool has_succeeded;
    std::vector<call> calls;
  };

  void add(const node& service, const telemetry::request_record& record);

  fleet& fleet_;
  settings limits_;
  std::deque<request> requests_;
  std::set<std::pair<std::string, std::string>> background_calls_;
  /// By service and upstream.
  std::map<std::pair<std::string, std::string>, duration> timeouts_;
};

}  // namespace cohort::sim
