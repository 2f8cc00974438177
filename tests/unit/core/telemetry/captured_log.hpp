#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "core/telemetry/log.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {

/// Puts another descriptor in standard error's place while it lives.
class standard_error_goes_to {
 public:
  explicit standard_error_goes_to(int descriptor) : saved_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) {
    ::dup2(descriptor, STDERR_FILENO);
  }
  ~standard_error_goes_to() {
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
  }
  standard_error_goes_to(const standard_error_goes_to&) = delete;
  standard_error_goes_to& operator=(const standard_error_goes_to&) = delete;

 private:
  int saved_;
};

/// A log whose lines a test can read, once it is closed.
class captured_log {
 public:
  captured_log() : file_(directory_.write("log", "")) {
    const int descriptor = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    redirect_.emplace(descriptor);
    ::close(descriptor);
    sink_.emplace();
  }

  telemetry::log_sink& sink() { return *sink_; }

  /// Everything written before this.
  std::vector<std::string> close() {
    sink_.reset();
    redirect_.reset();
    std::vector<std::string> lines;
    std::ifstream in{file_};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

 private:
  temporary_directory directory_;
  std::string file_;
  std::optional<standard_error_goes_to> redirect_;
  std::optional<telemetry::log_sink> sink_;
};

}  // namespace cohort::test
