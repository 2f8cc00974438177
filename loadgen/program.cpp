#include "loadgen/program.hpp"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <ctime>
#include <iostream>

#include "core/net/system_network.hpp"
#include "core/runtime/runtime.hpp"
#include "loadgen/session.hpp"
#include "loadgen/terminal.hpp"

namespace cohort::loadgen {
namespace {

constexpr int exit_interrupted = 105;

duration thread_cpu_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

/// Raises the soft limit as far as it goes; one sentence if even that is too little.
std::optional<std::string> allow_descriptors(const command& wanted) {
  constexpr rlim_t for_the_rest = 64;
  const rlim_t needed = wanted.load.connections * wanted.load.targets.size() + for_the_rest;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return std::nullopt;
  limit.rlim_cur = std::min<rlim_t>(needed, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return std::nullopt;
  return "--connections " + std::to_string(wanted.load.connections) + " to " +
         std::to_string(wanted.load.targets.size()) + " targets may take " + std::to_string(needed) +
         " file descriptors, and this process may have " + std::to_string(limit.rlim_max) + " (ulimit -n)";
}

bool is_terminal(int descriptor) {
  const char* kind = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && kind && std::string_view{kind} != "dumb";
}

bool wants_colour(int descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  return is_terminal(descriptor) && (!refused || *refused == '\0');
}

screen_size size_of_screen(int descriptor) {
  winsize size{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  if (!known) return {};
  return {std::clamp<unsigned>(size.ws_col, 40, 200), std::max<unsigned>(size.ws_row, 10)};
}

console terminal() {
  console made;
  made.watch = [](std::string_view text) { std::cerr << text << std::flush; };
  made.report = [](std::string_view text) { std::cout << text << std::flush; };
  made.live.terminal = is_terminal(STDERR_FILENO);
  made.screen = [] { return size_of_screen(STDERR_FILENO); };
  made.live.style.colour = wants_colour(STDERR_FILENO);
  made.report_style = {wants_colour(STDOUT_FILENO), size_of_screen(STDOUT_FILENO).columns};
  return made;
}

/// The first signal ends the run with a report, a second one the program; but not one that came along with the first,
/// as when a whole group of processes is told.
void heed_signals(asio::signal_set& signals, session& during, std::optional<time_point> first = {}) {
  signals.async_wait([&signals, &during, first](error_code failed, int number) {
    constexpr duration at_once = std::chrono::milliseconds{500};
    if (failed) return;
    const auto now = loop::current().now();
    if (!during.has_load() || (first && now - *first > at_once)) std::_Exit(exit_interrupted);
    if (!first) during.interrupt(number == SIGINT ? "Interrupted (SIGINT)." : "Interrupted (SIGTERM).");
    heed_signals(signals, during, first.value_or(now));
  });
}

task<> run_session(session& all, runtime& threads, int& status) {
  status = co_await all.run();
  threads.stop();
}

int run_command(const command& wanted) {
  if (const auto wrong = allow_descriptors(wanted)) {
    std::cerr << "loadgen: " << *wrong << "\n";
    return exit_bad_arguments;
  }
  // One more than asked for: the loop that merges and shows must not make those late that send.
  runtime threads{wanted.threads + 1};
  net::system_network network;
  stage where{threads.at(0), {}, network, thread_cpu_time};
  for (std::size_t i = 0; i < wanted.threads; ++i) where.workers.push_back(&threads.at(i + 1));
  auto output = terminal();
  session all{wanted, where, output};
  if (const auto wrong = all.prepare()) {
    std::cerr << "loadgen: " << terminal::printable(*wrong) << "\n";
    return exit_bad_arguments;
  }
  asio::signal_set signals{threads.at(0).context(), SIGINT, SIGTERM};
  heed_signals(signals, all);
  int status = 1;
  asio::co_spawn(threads.at(0).get_executor(), run_session(all, threads, status), [](std::exception_ptr why) {
    if (!why) return;
    std::cerr << "loadgen: internal error: " << what_of(why) << "\n";
    std::_Exit(1);
  });
  threads.run();
  if (std::cout.flush()) return status;
  std::cerr << "loadgen: standard output did not take the report\n";
  return status == 0 ? 1 : status;
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto wanted = parse_command(argc, argv, config::process_environment());
  if (wanted) return run_command(*wanted);
  (wanted.error().status == 0 ? std::cout : std::cerr) << wanted.error().text;
  return wanted.error().status;
}

}  // namespace cohort::loadgen
