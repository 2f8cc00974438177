#pragma once

#include <string>
#include <string_view>

#include "core/runtime/loop.hpp"
#include "core/telemetry/trace_context.hpp"

namespace cohort::http {

/// Where a request's time went, told to its caller as `Server-Timing` (W3C Server Timing): each upstream call, the
/// whole, and what was left of the caller's time.
class server_timing {
 public:
  /// While it lives, the request waits for another server: that time is not held against this one when it decides how
  /// much it can take. Several at once count once.
  class waiting {
   public:
    explicit waiting(server_timing* of) noexcept : of_(of), home_(loop::current()) {
      if (of_ && of_->waits_++ == 0) of_->waits_since_ = home_.now();
    }
    ~waiting() {
      if (of_ && --of_->waits_ == 0) of_->waited_ += home_.now() - of_->waits_since_;
    }
    waiting(const waiting&) = delete;
    waiting& operator=(const waiting&) = delete;

   private:
    server_timing* of_;
    loop& home_;
  };

  /// `name` is a token (RFC 9110 section 5.6.2), `description` has neither quotes nor controls in it.
  void add(std::string_view name, duration took, std::string_view description);
  /// `time;dur=1.3;desc="ok", total;dur=2.0, left;dur=198.0`: milliseconds. Without a limit, nothing is left to tell.
  std::string value(duration total, deadline until, time_point now) const;
  duration waited() const noexcept { return waited_; }

 private:
  /// A header may not grow with the calls that a handler makes.
  static constexpr unsigned most_entries = 16;
  std::string entries_;
  unsigned count_ = 0;
  unsigned waits_ = 0;
  time_point waits_since_{};
  duration waited_{};
};

/// On whose behalf a call is made: until when its answer is of use, under which id it is logged here and there, whom to
/// tell how long it took, and which trace it is part of (none if that has no id).
struct caller {
  deadline until;
  std::string_view id;
  server_timing* timing = nullptr;
  telemetry::trace_context trace{};
};

}  // namespace cohort::http
