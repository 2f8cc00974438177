// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort {
class loop;
}

namespace cohort::telemetry {

/// Writes the record of one call to an upstream. Ends it as cancelled when it is destroyed. Does nothing without a
/// request record, or if that is full.
class call_recording {
 public:
  /// `request` may be null; if not, it must outlive this. `name` is the upstream's, `until` the deadline of the call.
  /// Must be constructed on a loop.
  call_recording(request_record* request, std::string_view name, time_point started, deadline until);
  ~call_recording() { end("cancelled"); }
  call_recording(const call_recording&) = delete;
  call_recording& operator=(const call_recording&) = delete;

  /// Ends the record, and its attempts that have not ended. `outcome` is a string literal. Later calls do nothing.
  void end(std::string_view outcome) noexcept;
  /// Begins the record of an attempt; null if there is none. All attempts but the first one refer to the one before.
  attempt_record* add_attempt(attempt_kind kind, time_point now) noexcept;
  /// Ends the record of an attempt. One that was cancelled has the cause that interrupted the request, unless it has a
  /// cause already. `attempt` may be null.
  void end_attempt(attempt_record* attempt, std::string_view outcome, time_point now) const noexcept;

 private:
  request_record* request_;
  call_record* call_ = nullptr;
  const loop& loop_;
};

}  // namespace cohort::telemetry
