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
  missing_context,
  /// A call whose deadline is later than the deadline of its request.
  late_deadline,
  /// Sequential calls whose timeouts add up to more than the deadline of the route, so that the first calls can leave
  /// no time for the last. Requests whose caller sets a shorter deadline than the route are ignored.
  excessive_timeouts,
  /// A handler whose work after its last call takes longer than the time that remains if that call times out.
  small_reserve,
  /// A handler that continued after its client had disconnected.
  work_after_disconnect,
};

/// The text of a kind, such as `missing context`.
std::string_view to_string(audit_finding_kind kind) noexcept;

struct audit_finding {
  audit_finding_kind kind{};
  std::string service;
  /// The pattern of the route; empty if it is unknown.
  std::string route;
  /// The name of the upstream, or of the host that was called; empty if the finding concerns the route.
  std::string upstream;
  /// Number of requests or calls with this finding.
  std::uint64_t count = 0;
  /// The description of the finding: one sentence, with times.
  std::string description;
};

/// Quantiles of durations; all are zero if there are none.
struct time_quantiles {
  std::uint64_t count = 0;
  duration p50{};
  duration p99{};
  duration max{};
};

/// Time budgets of the calls of a route to one upstream, or of the requests of the route.
struct budget_row {
  std::string service;
  std::string route;
  /// The upstream; empty in the row for the requests of the route.
  std::string upstream;
  /// Calls or requests that ended at their deadline.
  std::uint64_t timeouts = 0;
  /// Time from the start to the deadline. Calls without a deadline are not included.
  time_quantiles given;
  /// Elapsed time from start to end.
  time_quantiles used;
  /// Elapsed time of successful calls or requests.
  time_quantiles needed;
};

struct audit_report {
  std::vector<budget_row> budgets;
  /// The findings; empty if no deadline is violated.
  std::vector<audit_finding> findings;
  /// A table of the budgets, and one line for each finding.
  std::string text() const;
  /// `{"budgets":[…],"findings":[…]}`, with times in milliseconds.
  std::string json() const;
};

/// Examines how the services of a fleet propagate and use deadlines. The audit observes the records of requests with an
/// asynchronous handler, a body or a streamed response, and every request on the wire.
class deadline_audit {
 public:
  struct settings {
    /// Tolerance for work after a disconnect: work that continues for longer than this after the client has
    /// disconnected is reported. The default is twice the delay of 10 ms after which a half-closed connection counts as
    /// closed, plus the latency of a link.
    duration disconnect_tolerance = std::chrono::milliseconds{25};
    /// Tolerance for deadlines: the deadline of a call may be later than the deadline of its request by this duration.
    duration deadline_tolerance = std::chrono::milliseconds{1};
  };

  /// Observes all services that are added or started after this call, by `fleet::observe_requests`. The fleet must
  /// outlive the audit.
  explicit deadline_audit(fleet& fleet) : deadline_audit(fleet, settings{}) {}
  deadline_audit(fleet& fleet, settings limits);
  ~deadline_audit() { fleet_.observe_requests({}); }
  deadline_audit(const deadline_audit&) = delete;
  deadline_audit& operator=(const deadline_audit&) = delete;

  /// Declares that calls of `service` to the host `upstream` may belong to no request, such as calls of a periodic job.
  void expect_background_calls(std::string service, std::string upstream);

  /// The findings so far. Precondition: not called in a task of the fleet.
  audit_report report();

 private:
  friend class audit_analysis;
  struct call {
    std::string upstream;
    time_point started;
    time_point ended;
    cohort::deadline deadline;
    std::string_view outcome;
  };
  struct request {
    const node* service;
    std::string route;
    std::string id;
    time_point started;
    time_point ended;
    cohort::deadline deadline;
    bool is_cancelled_by_deadline;
    bool is_cancelled;
    bool is_streamed;
    bool has_succeeded;
    std::vector<call> calls;
  };

  void add(const node& service, const telemetry::request_record& record);

  fleet& fleet_;
  settings limits_;
  std::deque<request> requests_;
  std::set<std::pair<std::string, std::string>> background_calls_;
  /// The keys are service and upstream.
  std::map<std::pair<std::string, std::string>, duration> timeouts_;
};

}  // namespace cohort::sim
