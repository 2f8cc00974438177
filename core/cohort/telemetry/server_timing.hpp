// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <cohort/runtime/memory/recycling_allocator.hpp>
#include <cohort/runtime/time/deadline.hpp>
#include <cohort/telemetry/requests/request_log.hpp>

namespace cohort {
class loop;
}

namespace cohort::telemetry {

/// Records durations of a request for the response field `Server-Timing` (W3C Server Timing,
/// https://www.w3.org/TR/server-timing/): the duration of each upstream call, the total, and the time left until the
/// deadline. Must be used on the request's loop only.
class server_timing {
 public:
  /// Measures the time for which the request waits for another server. The concurrency limit excludes that time from
  /// the latency of this server. Overlapping waits are counted once.
  class scoped_wait {
   public:
    /// `timing` may be null; if not, it must outlive the wait. Must be called on a loop.
    explicit scoped_wait(server_timing* timing) noexcept;
    ~scoped_wait();
    scoped_wait(const scoped_wait&) = delete;
    scoped_wait& operator=(const scoped_wait&) = delete;

   private:
    server_timing* timing_;
    loop& loop_;
  };

  /// Appends an entry. Has no effect if there are already 16 entries. `name` must be a token (RFC 9110 section 5.6.2),
  /// and `description` must not contain quotes, backslashes or control characters.
  void add(std::string_view name, duration elapsed, std::string_view description);
  /// Returns the value of the field in milliseconds, such as `time;dur=1.3;desc="ok", total;dur=2.0, left;dur=198.0`.
  /// The entry `left` is omitted if there is no deadline.
  recycled_string header_value(duration total, deadline request_deadline, time_point now) const;
  /// The total time of the waits that have ended.
  duration wait_time() const noexcept { return wait_time_; }

  /// The record of the request and of its upstream calls, if there is one: see `request_log`.
  request_recording& recording() noexcept { return recording_; }
  const request_recording& recording() const noexcept { return recording_; }

 private:
  /// Maximum number of entries, which limits the size of the field for handlers with many calls.
  static constexpr unsigned max_entries = 16;
  recycled_string entries_;
  unsigned entry_count_ = 0;
  unsigned active_wait_count_ = 0;
  time_point wait_start_{};
  duration wait_time_{};
  request_recording recording_;
};

}  // namespace cohort::telemetry
