// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <cohort/runtime/time/date_format.hpp>
#include <cohort/telemetry/log.hpp>

namespace cohort::telemetry {

/// The parts of a log line.
struct log_line_parts {
  wall_time time;
  std::string_view level;
  std::string_view service;
  std::string_view message;
  std::span<const log_field> fields;
};

/// Formats log lines in memory that is reused for each line. The space for a line is reserved once, because each append
/// to a `std::string` would check the capacity and update the size.
class log_line {
 public:
  /// Formats a line, without its line feed. The result is valid until the next call.
  std::string_view format(const log_line_parts& parts, log_format format);

 private:
  class cursor;

  /// Returns the time in RFC 3339 with milliseconds; valid until the next call.
  std::string_view format_time(wall_time time) noexcept;

  std::string memory_;
  date_text<24> time_text_{};
  std::chrono::sys_seconds time_text_second_ = std::chrono::sys_seconds::min();
};

}  // namespace cohort::telemetry
