// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/telemetry/log.hpp>
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {

/// Redirects standard error to another descriptor for its lifetime.
class standard_error_redirect {
 public:
  explicit standard_error_redirect(int descriptor) : saved_descriptor_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) {
    ::dup2(descriptor, STDERR_FILENO);
  }
  ~standard_error_redirect() {
    ::dup2(saved_descriptor_, STDERR_FILENO);
    ::close(saved_descriptor_);
  }
  standard_error_redirect(const standard_error_redirect&) = delete;
  standard_error_redirect& operator=(const standard_error_redirect&) = delete;

 private:
  int saved_descriptor_;
};

/// A log sink whose lines can be read after `close`.
class captured_log {
 public:
  captured_log() : file_(directory_.write("log", "")) {
    const int descriptor = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    redirect_.emplace(descriptor);
    ::close(descriptor);
    sink_.emplace();
  }

  telemetry::log_sink& sink() { return *sink_; }

  /// Flushes and closes the sink, and returns all lines.
  std::vector<std::string> close() {
    sink_.reset();
    redirect_.reset();
    std::vector<std::string> lines;
    std::ifstream input{file_};
    for (std::string line; std::getline(input, line);) lines.push_back(line);
    return lines;
  }

  /// Closes the sink, and returns the number of lines that contain `text`.
  std::size_t close_and_count(std::string_view text) {
    const auto lines = close();
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [&](const std::string& line) { return line.find(text) != std::string::npos; }));
  }

 private:
  temporary_directory directory_;
  std::string file_;
  std::optional<standard_error_redirect> redirect_;
  std::optional<telemetry::log_sink> sink_;
};

}  // namespace cohort::test
