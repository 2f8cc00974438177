// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort {
class loop;
struct call_context;
}  // namespace cohort

namespace cohort::telemetry {

/// The record of the request that a call is made on behalf of; null if there is none.
request_record* record_of(const call_context& context) noexcept;

/// Writes the record of one call. Ends it as cancelled when it is destroyed. Does nothing without a
/// request record, or if that is full.
class call_recording {
 public:
  /// `request` may be null; if not, it must outlive this object. `name` is the name of the upstream, `until` the
  /// deadline of the call. Must be constructed on a loop.
  call_recording(request_record* request, std::string_view name, time_point started, deadline until,
                 call_kind kind = call_kind::upstream);
  ~call_recording() { end("cancelled"); }
  call_recording(const call_recording&) = delete;
  call_recording& operator=(const call_recording&) = delete;

  /// Ends the record, and its attempts that have not ended. `outcome` is a string literal. Later calls do nothing.
  void end(std::string_view outcome) noexcept;
  /// Like the overload above, for a caller that has read the time.
  void end(std::string_view outcome, time_point now) noexcept;
  /// Sets the statement or command, unless it has been set.
  void set_detail(std::string_view detail) noexcept;
  /// Detaches from the record, which then ends with the request; for a call whose owner may outlive the request.
  void abandon() noexcept { call_ = nullptr; }
  /// Begins the record of an attempt; null if there is none. Each attempt except the first refers to the previous
  /// attempt.
  attempt_record* add_attempt(attempt_kind kind, time_point now) noexcept;
  /// Ends the record of an attempt. An attempt that was cancelled has the cause that interrupted the request, unless it
  /// has a cause already. `attempt` may be null.
  void end_attempt(attempt_record* attempt, std::string_view outcome, time_point now) const noexcept;

 private:
  request_record* request_;
  call_record* call_ = nullptr;
  const loop& loop_;
};

}  // namespace cohort::telemetry
