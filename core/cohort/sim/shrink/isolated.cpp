// SPDX-License-Identifier: BSL-1.0
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <cohort/runtime/platform/sanitizers.hpp>
#include <cohort/sim/shrink/shrink.hpp>

namespace cohort::sim {
namespace {

#if defined(COHORT_ADDRESS_SANITIZER) || defined(COHORT_THREAD_SANITIZER)
constexpr bool has_sanitizer = true;
#else
constexpr bool has_sanitizer = false;
#endif

[[noreturn]] void run_child(const failure_test& run, const schedule& schedule, const isolation_limits& limits,
                            int output) {
  const auto seconds = static_cast<rlim_t>(limits.cpu_time.count());
  // One second later the process is killed, in case it ignores the first signal.
  const rlimit cpu_time{seconds, seconds + 1};
  setrlimit(RLIMIT_CPU, &cpu_time);
  const rlimit memory{limits.memory_bytes, limits.memory_bytes};
  if (!has_sanitizer) setrlimit(RLIMIT_AS, &memory);
  const rlimit no_core_dump{0, 0};
  setrlimit(RLIMIT_CORE, &no_core_dump);
  ::alarm(static_cast<unsigned>(limits.elapsed_time.count()));
  // Removes the signal handlers of a test framework, which would report a failed test.
  for (const auto number : {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGINT, SIGSEGV, SIGTERM})
    std::signal(number, SIG_DFL);
  std::string kind;
  try {
    kind = run(schedule);
  } catch (const std::exception& exception) {
    kind = std::string{"exception: "} + exception.what();
  }
  for (std::size_t written = 0; written < kind.size();) {
    const auto count = ::write(output, kind.data() + written, kind.size() - written);
    if (count <= 0) _exit(1);
    written += static_cast<std::size_t>(count);
  }
  _exit(0);
}

std::string read_to_end(int input) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto count = ::read(input, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

std::string run_isolated(const failure_test& run, const schedule& schedule, const isolation_limits& limits) {
  std::array<int, 2> pipe_ends{};
  if (::pipe(pipe_ends.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const auto child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    ::close(pipe_ends[0]);
    run_child(run, schedule, limits, pipe_ends[1]);
  }
  ::close(pipe_ends[1]);
  auto kind = read_to_end(pipe_ends[0]);
  ::close(pipe_ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status)) {
    const auto signal = WTERMSIG(status);
    const bool is_limit_signal = signal == SIGXCPU || signal == SIGKILL || signal == SIGALRM;
    if (is_limit_signal) return "time limit exceeded";
    return "signal " + std::to_string(signal);
  }
  if (WEXITSTATUS(status) != 0) return "exit status " + std::to_string(WEXITSTATUS(status));
  return kind;
}

}  // namespace

failure_test isolate(failure_test run, isolation_limits limits) {
  return [run = std::move(run), limits](const schedule& schedule) { return run_isolated(run, schedule, limits); };
}

}  // namespace cohort::sim
