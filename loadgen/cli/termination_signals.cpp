// SPDX-License-Identifier: BSL-1.0
#include "loadgen/cli/termination_signals.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "loadgen/cli/output_file.hpp"

namespace cohort::loadgen {
namespace {

struct named_signal {
  int number;
  std::string_view name;
};
constexpr std::array handled_signals{named_signal{SIGHUP, "SIGHUP"},   named_signal{SIGINT, "SIGINT"},
                                     named_signal{SIGQUIT, "SIGQUIT"}, named_signal{SIGTERM, "SIGTERM"},
                                     named_signal{SIGUSR1, "SIGUSR1"}, named_signal{SIGUSR2, "SIGUSR2"},
                                     named_signal{SIGALRM, "SIGALRM"}, named_signal{SIGXCPU, "SIGXCPU"}};

/// Signals within this time after the first one are ignored, because a process group can receive the same signal
/// several times.
constexpr duration duplicate_signal_window = std::chrono::milliseconds{500};

std::string_view signal_name(int number) {
  for (const auto& signal : handled_signals)
    if (signal.number == number) return signal.name;
  return "signal";
}

bool is_ignored(int number) {
  struct sigaction current{};
  return ::sigaction(number, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
}

/// Whether to handle the signal. SIGHUP is not handled if it is ignored at startup, as under `nohup`.
bool should_handle(int number) { return number != SIGHUP || !is_ignored(SIGHUP); }

/// Async-signal-safe.
extern "C" void exit_on_signal(int) {
  constexpr std::string_view message = "loadgen: interrupted before the run\n";
  output_file::remove_temporary_files();
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message.data(), message.size());
  std::_Exit(exit_interrupted);
}

}  // namespace

void termination_signals::handle_before_run() noexcept {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  for (const auto& signal : handled_signals)
    if (should_handle(signal.number)) std::signal(signal.number, exit_on_signal);
}

termination_signals::termination_signals(loop& event_loop, std::function<void(std::string)> on_interrupt)
    : loop_(event_loop), signals_(event_loop.context()), on_interrupt_(std::move(on_interrupt)) {
  for (const auto& signal : handled_signals)
    if (should_handle(signal.number)) signals_.add(signal.number);
  wait();
}

void termination_signals::wait() {
  signals_.async_wait([this](error_code error, int number) {
    if (!error) on_signal(number);
  });
}

void termination_signals::on_signal(int number) {
  const auto now = loop_.now();
  if (first_signal_ && now - *first_signal_ > duplicate_signal_window) {
    output_file::remove_temporary_files();
    std::_Exit(exit_interrupted);
  }
  if (!first_signal_) {
    first_signal_ = now;
    on_interrupt_("Interrupted (" + std::string{signal_name(number)} + ").");
  }
  wait();
}

}  // namespace cohort::loadgen
