// SPDX-License-Identifier: BSL-1.0
#include "tests/support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace cohort::test {
namespace {

struct pipe_ends {
  file_descriptor read;
  file_descriptor write;
};

pipe_ends make_pipe() {
  std::array<int, 2> ends{};
  // The pipe is created with close-on-exec; otherwise, a child that another thread starts could inherit the pipe.
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw_errno("pipe2", errno);
  }
  return {file_descriptor{ends[0]}, file_descriptor{ends[1]}};
}

std::vector<std::string> environment_strings(child_process::environment variables) {
  for (const char* inherited_name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(inherited_name)) {
      variables.emplace(inherited_name, value);
    }
  }
  std::vector<std::string> strings;
  for (const auto& [name, value] : variables) {
    strings.push_back(name);
    strings.back().append("=").append(value);
  }
  return strings;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (auto& string : strings) {
    pointers.push_back(string.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

struct child_descriptors {
  pid_t parent;
  int null;
  int output;
  int error_output;
  int failure;
};

// Runs between fork and exec, where a process with threads may make only async-signal-safe calls: no allocation.
[[noreturn]] void exec_child(char* const* arguments, char* const* variables, const child_descriptors& descriptors) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != descriptors.parent) {
    ::_exit(127);  // the parent ended before prctl
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(descriptors.null, STDIN_FILENO) >= 0 && ::dup2(descriptors.output, STDOUT_FILENO) >= 0 &&
      ::dup2(descriptors.error_output, STDERR_FILENO) >= 0) {
    ::execve(arguments[0], arguments, variables);
  }
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(descriptors.failure, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

child_process::child_process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                             const environment& variables)
    : program_{program.string()} {
  std::vector<std::string> argument_strings{program_};
  argument_strings.insert(argument_strings.end(), arguments.begin(), arguments.end());
  auto variable_strings = environment_strings(variables);
  const auto argument_pointers = pointers_to(argument_strings);
  const auto variable_pointers = pointers_to(variable_strings);

  auto output = make_pipe();
  auto error_output = make_pipe();
  auto failure = make_pipe();
  const file_descriptor null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (!null) throw_errno("/dev/null", errno);
  const child_descriptors descriptors{::getpid(), null.get(), output.write.get(), error_output.write.get(),
                                      failure.write.get()};
  pid_ = ::fork();
  if (pid_ < 0) {
    throw_errno("fork", errno);
  }
  if (pid_ == 0) {
    exec_child(argument_pointers.data(), variable_pointers.data(), descriptors);
  }
  failure.write.close();
  int error = 0;
  // A successful exec closes the pipe, which ends this read.
  if (::read(failure.read.get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
    ::waitpid(pid_, nullptr, 0);
    throw_errno("cannot execute " + program_, error);
  }
  streams_[0].pipe = std::move(output.read);
  streams_[1].pipe = std::move(error_output.read);
  for (auto& stream : streams_) {
    stream.reader = std::thread{[this, &stream] { read(stream); }};
  }
  watcher_ = std::thread{[this] { wait_for_process(); }};
}

child_process::~child_process() {
  // The child has not been reaped yet, so its process ID and group ID cannot have been reused.
  ::kill(-pid_, SIGKILL);
  watcher_.join();
  // Processes that have left the group can still hold the pipes open.
  stop_.raise();
  for (auto& stream : streams_) {
    stream.reader.join();
  }
  ::waitpid(pid_, nullptr, 0);
}

void child_process::read(captured_stream& stream) {
  std::array<char, 4096> buffer{};
  while (wait_for(stream.pipe.get(), POLLIN, time_point::max(), &stop_) == readiness::ready) {
    const auto size = ::read(stream.pipe.get(), buffer.data(), buffer.size());
    if (size <= 0) {
      break;
    }
    const std::lock_guard lock{mutex_};
    stream.text.append(buffer.data(), static_cast<std::size_t>(size));
    append_lines(stream);
    change_condition_.notify_all();
  }
  const std::lock_guard lock{mutex_};
  stream.has_ended = true;
  if (stream.line_start < stream.text.size()) {
    lines_.push_back(stream.text.substr(stream.line_start));
  }
  change_condition_.notify_all();
}

void child_process::append_lines(captured_stream& stream) {
  for (auto end = stream.text.find('\n', stream.line_start); end != std::string::npos;
       end = stream.text.find('\n', stream.line_start)) {
    lines_.push_back(stream.text.substr(stream.line_start, end - stream.line_start));
    stream.line_start = end + 1;
  }
}

void child_process::wait_for_process() {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  const std::lock_guard lock{mutex_};
  status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  change_condition_.notify_all();
}

bool child_process::all_ended() const {
  return std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) { return stream.has_ended; });
}

std::string child_process::wait_for_line(std::string_view text, std::chrono::milliseconds timeout) {
  try {
    return wait_for_line([text](std::string_view line) { return line.find(text) != std::string_view::npos; }, timeout);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("waiting for a line that contains \"" + std::string{text} + "\": " + error.what());
  }
}

std::string child_process::wait_for_line(const std::function<bool(std::string_view)>& predicate,
                                         std::chrono::milliseconds timeout) {
  const auto deadline = deadline_after(timeout);
  std::unique_lock lock{mutex_};
  for (std::size_t next_line = 0;;) {
    for (; next_line < lines_.size(); ++next_line) {
      if (predicate(lines_[next_line])) {
        return lines_[next_line];
      }
    }
    if (all_ended()) {
      throw_error("both outputs ended without the expected line");
    }
    if (change_condition_.wait_until(lock, deadline) == std::cv_status::timeout && next_line == lines_.size()) {
      throw_error("the expected line was not printed within " + std::to_string(timeout.count()) + " ms");
    }
  }
}

void child_process::signal(int number) const {
  if (::kill(pid_, number) != 0) {
    throw_errno("signal " + std::to_string(number) + " to " + program_, errno);
  }
}

int child_process::wait_for_exit(std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  if (!change_condition_.wait_until(lock, deadline_after(timeout),
                                    [this] { return status_.has_value() && all_ended(); })) {
    throw_error(status_ ? "exited, but another process still holds its output open after " +
                              std::to_string(timeout.count()) + " ms"
                        : "did not exit within " + std::to_string(timeout.count()) + " ms");
  }
  return *status_;
}

std::string child_process::output() const {
  const std::lock_guard lock{mutex_};
  return streams_[0].text;
}

std::string child_process::error_output() const {
  const std::lock_guard lock{mutex_};
  return streams_[1].text;
}

void child_process::throw_error(const std::string& reason) const {
  constexpr std::size_t max_output_bytes = 4000;
  std::string message = program_ + ": " + reason;
  if (status_) {
    message += " (exit status " + std::to_string(*status_) + ")";
  }
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const auto& text = streams_[i].text;
    message += i == 0 ? "\n--- stdout\n" : "\n--- stderr\n";
    message += text.size() > max_output_bytes ? "…" + text.substr(text.size() - max_output_bytes) : text;
  }
  throw std::runtime_error(message);
}

}  // namespace cohort::test
