// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tests/support/net/socket.hpp"

#include <sys/types.h>

#include <array>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cohort::test {

/// A program under test, in its own process group. The destructor kills the group and reaps the child. The child is
/// also killed when the thread that created this object ends (PR_SET_PDEATHSIG).
class child_process {
 public:
  using environment = std::map<std::string, std::string>;

  /// Executes `program`, a path (PATH is not searched), with /dev/null as stdin. The environment of the program is
  /// `variables`, with PATH and the sanitizers' options of this process. Throws std::runtime_error if the program
  /// cannot be executed.
  explicit child_process(const std::filesystem::path& program, const std::vector<std::string>& arguments = {},
                         const environment& variables = {});
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Waits for the first line of stdout or stderr that contains `text` or satisfies `predicate`. Every call searches
  /// from the first line of the process. Throws std::runtime_error with both outputs after `timeout`, or immediately
  /// when both outputs have ended.
  std::string wait_for_line(std::string_view text, std::chrono::milliseconds timeout = default_timeout);
  std::string wait_for_line(const std::function<bool(std::string_view)>& predicate,
                            std::chrono::milliseconds timeout = default_timeout);

  /// Sends a signal to the child, not to its group. Has no effect after the child has exited.
  void signal(int number) const;

  /// Waits for the process and the end of both outputs. Returns the exit status, or 128 + the number of the signal that
  /// killed it, as shells do. Throws std::runtime_error after `timeout`.
  int wait_for_exit(std::chrono::milliseconds timeout = default_timeout);

  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string error_output() const;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  struct captured_stream {
    file_descriptor pipe;
    std::string text;
    std::size_t line_start{0};
    bool has_ended{false};
    std::thread reader;
  };

  void read(captured_stream& stream);
  void append_lines(captured_stream& stream);
  void wait_for_process();
  bool all_ended() const;
  [[noreturn]] void throw_error(const std::string& reason) const;

  mutable std::mutex mutex_;
  std::condition_variable change_condition_;
  std::string program_;
  pid_t pid_{-1};
  std::array<captured_stream, 2> streams_;  // stdout, stderr
  std::vector<std::string> lines_;
  std::optional<int> status_;
  stop_signal stop_;
  std::thread watcher_;
};

}  // namespace cohort::test
