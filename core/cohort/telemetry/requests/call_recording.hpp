// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort {
class loop;
struct call_context;
}  // namespace cohort

namespace cohort::telemetry {

/// Returns the record of the request to which a call belongs; null if there is none.
request_record* find_request_record(const call_context& context) noexcept;

/// Writes the record of one call. The destructor ends the record as cancelled. Has no effect if there is no request
/// record, or if the request record is full.
class call_recording {
 public:
  /// `request` may be null; if not, it must outlive this object. `name` is the name of the upstream. `call_deadline` is
  /// the deadline of the call. Must be constructed on a loop.
  call_recording(request_record* request, std::string_view name, time_point start_time, deadline call_deadline,
                 call_kind kind = call_kind::upstream);
  ~call_recording() { end("cancelled"); }
  call_recording(const call_recording&) = delete;
  call_recording& operator=(const call_recording&) = delete;

  /// Ends the record of the call and the records of its running attempts. `outcome` is a string literal. Later calls
  /// have no effect.
  void end(std::string_view outcome) noexcept;
  /// Like the overload above, but with the current time as an argument, which saves a clock reading.
  void end(std::string_view outcome, time_point now) noexcept;
  /// Sets the statement or command, unless it is already set.
  void set_detail(std::string_view detail) noexcept;
  /// Detaches this object from the record, which then ends with the request. Must be called if the owner of the call
  /// may outlive the request.
  void abandon() noexcept { call_ = nullptr; }
  /// Starts the record of an attempt; null if there is none. Each attempt except the first refers to the previous
  /// attempt.
  attempt_record* add_attempt(attempt_kind kind, time_point now) noexcept;
  /// Ends the record of an attempt. The cause of a cancelled attempt is that of the cancelled request, unless
  /// the attempt already has a cause. `attempt` may be null.
  void end_attempt(attempt_record* attempt, std::string_view outcome, time_point now) const noexcept;

 private:
  request_record* request_;
  call_record* call_ = nullptr;
  const loop& loop_;
};

}  // namespace cohort::telemetry
