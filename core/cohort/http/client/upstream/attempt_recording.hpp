// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/client/client_response.hpp>
#include <cohort/telemetry/requests/call_recording.hpp>

namespace cohort::http {

/// Records the end of one attempt: its result, or a cancellation if this object is destroyed before `end` is called.
class attempt_recording {
 public:
  /// `record` may be null. `call` and `record` must outlive this object.
  attempt_recording(const telemetry::call_recording& call, telemetry::attempt_record* record) noexcept
      : call_(call), record_(record) {}
  ~attempt_recording();
  attempt_recording(const attempt_recording&) = delete;
  attempt_recording& operator=(const attempt_recording&) = delete;

  void end(const client_result& result, time_point now) noexcept;

 private:
  const telemetry::call_recording& call_;
  telemetry::attempt_record* record_;
};

}  // namespace cohort::http
