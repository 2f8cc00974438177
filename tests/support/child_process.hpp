#pragma once

#include "tests/support/socket.hpp"

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

/// A program under test, in a process group of its own. The destructor kills the whole group and reaps the child;
/// the child also dies with the thread that created this object (PR_SET_PDEATHSIG is bound to the thread), so
/// create it on one that lives as long as the test.
class child_process {
 public:
  using environment = std::map<std::string, std::string>;

  /// Starts `program`, a path (PATH is not searched), with stdin from /dev/null. Its environment is `variables` on
  /// top of PATH and the sanitizers' options of this process, nothing else. Throws std::runtime_error if the
  /// program cannot be executed.
  explicit child_process(const std::filesystem::path& program, const std::vector<std::string>& arguments = {},
                         const environment& variables = {});
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// The first line, of either output, that contains `text` or satisfies `wanted`. Every call searches from the
  /// first line ever printed, so the order of calls does not matter. Throws when there is none in time, or at once
  /// when both outputs have ended; the message holds what was printed.
  std::string wait_for_line(std::string_view text, std::chrono::milliseconds timeout = default_timeout);
  std::string wait_for_line(const std::function<bool(std::string_view)>& wanted,
                            std::chrono::milliseconds timeout = default_timeout);

  /// Sends `number` to the child alone; without effect once it has exited.
  void signal(int number) const;

  /// The exit status, or 128 + the signal that killed it, as a shell says it. Returns once both outputs have ended
  /// too, so that output() and error_output() are complete. Throws if that takes longer than `timeout`.
  int wait_exit(std::chrono::milliseconds timeout = default_timeout);

  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string error_output() const;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  struct captured_stream {
    file_descriptor pipe;
    std::string text;
    std::size_t line_start{0};
    bool ended{false};
    std::thread reader;
  };

  void read(captured_stream& stream);
  void add_lines(captured_stream& stream);
  void watch();
  bool all_ended() const;
  [[noreturn]] void fail(const std::string& what) const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string program_;
  pid_t pid_{-1};
  std::array<captured_stream, 2> streams_;  // stdout, stderr
  std::vector<std::string> lines_;
  std::optional<int> status_;
  stop_signal stop_;
  std::thread watcher_;
};

}  // namespace cohort::test
