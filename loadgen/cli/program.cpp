// SPDX-License-Identifier: BSL-1.0
#include "loadgen/cli/program.hpp"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iostream>

#include <cohort/net/system/system_network.hpp>
#include <cohort/runtime/runtime.hpp>
#include "loadgen/cli/command_line.hpp"
#include "loadgen/cli/session.hpp"
#include "loadgen/cli/termination_signals.hpp"
#include "loadgen/terminal/unicode_text.hpp"

namespace cohort::loadgen {
namespace {

/// File descriptors that are reserved for purposes other than connections.
constexpr rlim_t reserved_descriptors = 64;

duration thread_cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

/// Raises the soft limit on file descriptors as needed. Returns an error message if the hard limit is too low.
std::optional<std::string> raise_descriptor_limit(const load_settings& load) {
  const rlim_t needed = load.connections * load.targets.size() + reserved_descriptors;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return std::nullopt;
  limit.rlim_cur = std::min<rlim_t>(needed, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return std::nullopt;
  return "--connections " + std::to_string(load.connections) + " to each of " + std::to_string(load.targets.size()) +
         " targets needs " + std::to_string(needed) + " file descriptors, but the limit is " +
         std::to_string(limit.rlim_max) + "; raise it (ulimit -n), or use fewer connections";
}

bool is_terminal(int descriptor) {
  const char* type = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && type && std::string_view{type} != "dumb";
}

/// See https://no-color.org.
bool supports_color(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  return is_terminal(descriptor) && (!no_color || *no_color == '\0');
}

terminal_size query_terminal_size(int descriptor) {
  winsize size{};
  const bool is_known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  if (!is_known) return {};
  return {std::clamp<unsigned>(size.ws_col, 40, 200), std::max<unsigned>(size.ws_row, 10)};
}

console make_console() {
  console result;
  result.write_status = [](std::string_view text) { std::cerr << text << std::flush; };
  result.write_report = [](std::string_view text) { std::cout << text << std::flush; };
  result.current_size = [] { return query_terminal_size(STDERR_FILENO); };
  result.view.is_terminal = is_terminal(STDERR_FILENO);
  result.view.output.use_color = supports_color(STDERR_FILENO);
  result.report_options = {supports_color(STDOUT_FILENO), query_terminal_size(STDOUT_FILENO).columns};
  return result;
}

task<> run_session(session& session, runtime& threads, int& status) {
  status = co_await session.run();
  threads.stop();
}

int print_argument_error(const std::string& error) {
  std::cerr << "loadgen: " << terminal::sanitize(error) << "\n";
  return exit_invalid_arguments;
}

int run_with_configuration(const run_configuration& configuration) {
  if (const auto error = raise_descriptor_limit(configuration.load)) return print_argument_error(*error);
  // The control loop has a separate thread, so that merging and displaying results does not delay requests.
  runtime threads{configuration.threads + 1};
  net::system_network network;
  run_environment environment{threads.at(0), {}, network, thread_cpu_time};
  for (std::size_t i = 0; i < configuration.threads; ++i) environment.worker_loops.push_back(&threads.at(i + 1));
  auto output = make_console();
  session session{configuration, environment, output};
  if (const auto error = session.prepare()) return print_argument_error(*error);
  termination_signals signals{threads.at(0), [&](std::string reason) { session.interrupt(std::move(reason)); }};
  int status = 1;
  asio::co_spawn(threads.at(0).get_executor(), run_session(session, threads, status), [](std::exception_ptr error) {
    if (!error) return;
    std::cerr << "loadgen: internal error: " << exception_message(error) << "\n";
    std::_Exit(1);
  });
  threads.run();
  if (std::cout.flush()) return status;
  std::cerr << "loadgen: standard output cannot be written\n";
  return status == 0 ? 1 : status;
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  termination_signals::handle_before_run();
  const auto configuration = parse_command_line(argc, argv, config::process_environment());
  // Erases header fields, too, because a header field can contain a credential.
  config::erase_process_secrets({{"--api-key", "-H", "--header"}, {"API_KEY"}});
  if (configuration) return run_with_configuration(*configuration);
  (configuration.error().status == 0 ? std::cout : std::cerr) << configuration.error().text;
  return configuration.error().status;
}

}  // namespace cohort::loadgen
