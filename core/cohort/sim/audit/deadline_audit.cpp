// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/audit/deadline_audit.hpp>

#include <algorithm>

#include <cohort/sim/audit/audit_analysis.hpp>

namespace cohort::sim {

std::string_view to_string(audit_finding_kind kind) noexcept {
  constexpr std::array<std::string_view, 5> names{"missing context", "late deadline", "timeouts exceed deadline",
                                                  "reserve too small", "work after disconnect"};
  return names[static_cast<std::size_t>(kind)];
}

deadline_audit::deadline_audit(fleet& fleet, settings limits) : fleet_(fleet), limits_(limits) {
  fleet_.observe_requests([this](const node& service, const auto& record) { add(service, record); });
}

void deadline_audit::expect_background_calls(std::string service, std::string upstream) {
  background_calls_.emplace(std::move(service), std::move(upstream));
}

void deadline_audit::add(const node& service, const telemetry::request_record& record) {
  const auto cancelled_by = record.cancelled_by;
  auto& added = requests_.emplace_back(
      request{.service = &service,
              .route = std::string{record.route.view()},
              .id = std::string{record.request_id.view()},
              .started = record.started,
              .ended = record.ended,
              .deadline = record.deadline,
              .is_cancelled_by_deadline = cancelled_by == telemetry::cancellation_cause::deadline,
              .is_cancelled = cancelled_by != telemetry::cancellation_cause::none,
              .is_streamed = record.is_streamed,
              .has_succeeded = record.status >= 200 && record.status < 400,
              .calls = {}});
  for (const auto& call : record.all_calls()) {
    if (call.kind != telemetry::call_kind::upstream) continue;
    added.calls.push_back({std::string{call.name.view()}, call.started, call.ended, call.deadline, call.outcome});
  }
  // This function runs on the loop of the request, where the upstreams with the timeouts are available.
  if (added.calls.empty()) return;
  const auto is_known = [&](const call& upstream_call) {
    return timeouts_.contains({service.name(), upstream_call.upstream});
  };
  if (std::ranges::all_of(added.calls, is_known)) return;
  for (const auto& status : service.upstreams()) timeouts_[{service.name(), status.name}] = status.timeout;
}

audit_report deadline_audit::report() { return audit_analysis{*this}.run(); }

}  // namespace cohort::sim
