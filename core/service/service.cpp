#include "core/service/service.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <iostream>

#include "core/net/system_network.hpp"
#include "core/net/tcp.hpp"
#include "core/runtime/runtime.hpp"
#include "core/service/instance.hpp"
#include "core/service/loop_monitor.hpp"
#include "core/telemetry/memory_metrics.hpp"
#include "core/telemetry/process_metrics.hpp"

namespace cohort::service {
namespace {

using telemetry::log_level;

constexpr int exit_usage = 2;

log_level level_named(const std::string& name) {
  static const std::map<std::string, log_level> levels{{"trace", log_level::trace}, {"debug", log_level::debug},
                                                       {"info", log_level::info},   {"warn", log_level::warn},
                                                       {"error", log_level::error}, {"off", log_level::off}};
  return levels.at(name);
}

/// What no single service can tell, in each one's metrics.
void add_process_wide(telemetry::registry& to, const telemetry::log_sink& sink,
                      const std::vector<std::unique_ptr<loop_monitor>>& loops) {
  telemetry::add_process_metrics(to);
  telemetry::add_memory_metrics(to);
  add_loop_metrics(to, loops);
  to.add_collector([&sink](auto& families) {
    families.push_back(telemetry::single_value("cohort_log_lines_dropped_total", "Log lines lost to a full queue.",
                                               prometheus::MetricType::Counter, static_cast<double>(sink.dropped())));
  });
}

/// Were one of the first three closed, the next socket would take its place and get what is meant for a terminal.
void open_missing_descriptors() {
  for (int each = 0; each <= 2; ++each)
    if (::fcntl(each, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
}

/// How many connections each of so many services can have at once: as many descriptors as the system allows us, less
/// some for outgoing calls, files and loops.
std::size_t affordable_connections(std::size_t services) {
  constexpr std::size_t reserved = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return http::server_limits{}.connections;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto spare = limit.rlim_cur > 2 * reserved ? limit.rlim_cur - reserved : limit.rlim_cur / 2;
  return std::min<std::size_t>(http::server_limits{}.connections, spare / services);
}

int complain(const std::string& program, const std::string& line) {
  std::cerr << program << ": " << line << "\n";
  return exit_usage;
}

task<int> ask_health(net::network& network, net::endpoint where) {
  http::client client{network, 1};
  http::client_request request;
  request.url = url_of(where);
  request.url.set_path("/health");
  const auto until = deadline::after(loop::current().now(), std::chrono::seconds{3});
  const auto answer = co_await client.call(std::move(request), until);
  if (answer && answer->code == http::status::ok) co_return 0;
  std::cerr << "unhealthy: "
            << (answer ? "status " + std::to_string(answer->code_number) : make_error_code(answer.error()).message())
            << "\n";
  co_return 1;
}

int healthcheck(const common_settings& settings) {
  loop home;
  net::system_network network;
  int status = 1;
  auto asked = ask_health(network, {asio::ip::make_address(settings.host), settings.port});
  asio::co_spawn(home.get_executor(), std::move(asked), [&](const std::exception_ptr&, int answer) {
    status = answer;
    home.stop();
  });
  home.run();
  return status;
}

/// In their order, so that one that asks the others is done before they go.
task<> stop_all(std::vector<std::unique_ptr<instance>>& services, duration at_most) {
  const auto until = deadline::after(loop::current().now(), at_most);
  for (auto& each : services) co_await each->stop(remaining(until));
}

/// Serves until SIGTERM or SIGINT, then drains. A second signal ends the program at once.
task<> serve(std::vector<std::unique_ptr<instance>>& services, const common_settings& settings, telemetry::logger log) {
  for (auto& each : services) each->start();
  if (settings.api_key.empty()) log.write(log_level::warn, "no API_KEY: /api/* is open to all who can reach it");
  if (settings.enable_faults) log.write(log_level::warn, "faults can be injected: PUT /api/faults of each service");

  asio::signal_set signals{loop::current().context(), SIGTERM, SIGINT};
  auto arriving = operation<int>([&signals](completion<int> done) {
    signals.async_wait([done = std::move(done)](error_code, int number) mutable { done(number); });
  });
  const int number = co_await std::move(arriving);
  log.write(log_level::info, "draining", {{"signal", std::int64_t{number}}});
  signals.async_wait([](error_code failed, int again) {
    if (!failed) std::_Exit(128 + again);
  });
  for (auto& each : services) each->begin_drain();
  co_await stop_all(services, settings.drain_time);
  signals.cancel();
  log.write(log_level::info, "stopped");
}

int serve_until_told(const std::string& program, const common_settings& settings, std::vector<definition> all) {
  std::signal(SIGPIPE, SIG_IGN);
  open_missing_descriptors();
  const auto connections = affordable_connections(all.size());
  runtime threads{static_cast<std::size_t>(settings.threads)};
  std::vector<loop*> loops;
  loops.reserve(threads.size());
  for (std::size_t i = 0; i < threads.size(); ++i) loops.push_back(&threads.at(i));

  net::system_network network;
  telemetry::log_sink sink;
  const auto format = settings.log_format == "json" ? telemetry::log_format::json : telemetry::log_format::text;
  const telemetry::logger log{sink, program, level_named(settings.log_level), format};

  std::vector<std::unique_ptr<instance>> services;
  std::map<std::string, boost::urls::url> siblings;
  const auto first_port = all.front().port;
  for (auto& each : all) {
    const auto port = settings.port == 0 ? 0 : settings.port + each.port - first_port;
    if (port > 65535) return complain(program, "--port leaves no room for " + each.name + "'s own port");
    const net::endpoint where{asio::ip::make_address(settings.host), static_cast<std::uint16_t>(port)};
    auto listener = net::listen_tcp(*loops.front(), where);
    if (!listener) {
      const std::string shown{url_of(where).encoded_host_and_port()};
      return complain(program, "cannot listen on " + shown + ": " + listener.error().message());
    }
    services.push_back(std::make_unique<instance>(std::move(each), loops, std::move(*listener)));
    siblings[services.back()->name()] = services.back()->url();
  }
  std::vector<telemetry::registry*> registries;
  std::vector<std::unique_ptr<loop_monitor>> monitors;
  for (auto& each : services) {
    const surroundings given{network, settings, log, siblings, connections};
    each->build(given);
    add_process_wide(each->metrics(), sink, monitors);
    registries.push_back(&each->metrics());
  }
  for (auto* each : loops) {
    monitors.push_back(std::make_unique<loop_monitor>(*each, registries));
    asio::post(each->get_executor(), [watch = monitors.back().get()] { watch->start(); });
  }

  asio::co_spawn(loops.front()->get_executor(), serve(services, settings, log), [&](std::exception_ptr why) {
    if (why) {
      // Connections are still open: nothing may be taken down around them.
      std::cerr << program << ": " << what_of(why) << "\n";
      std::_Exit(1);
    }
    threads.stop();
  });
  threads.run();
  return 0;
}

}  // namespace

int run_together(int argc, const char* const* argv, std::string program, std::string about,
                 std::vector<definition> all) {
  common_settings settings;
  settings.port = all.front().port;
  config::options options{program, std::move(about), COHORT_VERSION};
  add_common_options(
      options, settings,
      all.size() > 1 ? "Port of the first service; the others keep their distance" : "Port to listen on");
  for (auto& each : all) each.add_options(options);
  if (const auto exit = options.parse(argc, argv, config::process_environment())) {
    (exit->status == 0 ? std::cout : std::cerr) << exit->text;
    return exit->status;
  }
  if (!settings.time_zone.empty()) {
    ::setenv("TZ", settings.time_zone.c_str(), 1);
    ::tzset();
  }
  if (settings.healthcheck) return healthcheck(settings);
  if (const auto conflict = conflict_in(settings)) return complain(program, *conflict);
  return serve_until_told(program, settings, std::move(all));
}

int run(int argc, const char* const* argv, definition only) {
  auto program = only.name;
  auto about = only.about;
  std::vector<definition> all;
  all.push_back(std::move(only));
  return run_together(argc, argv, std::move(program), std::move(about), std::move(all));
}

}  // namespace cohort::service
