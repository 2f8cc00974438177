// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <cohort/telemetry/log.hpp>

namespace cohort::telemetry {

/// The parts of a log line.
struct log_line_parts {
  std::string_view time;
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

  std::string memory_;
};

}  // namespace cohort::telemetry
