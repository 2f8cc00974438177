// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/program.hpp>

#include <fcntl.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include <cohort/net/system/system_network.hpp>
#include <cohort/net/system/tcp.hpp>
#include <cohort/net/system/unix_socket.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/platform/memory_reserve.hpp>
#include <cohort/runtime/runtime.hpp>
#include <cohort/service/authentication/failed_key_throttle.hpp>
#include <cohort/service/health/loop_monitor.hpp>
#include <cohort/service/health/stall_watchdog.hpp>
#include <cohort/service/instance.hpp>
#include <cohort/service/lifecycle/reload_handler.hpp>
#include <cohort/service/otlp/telemetry_export.hpp>
#include <cohort/service/tls/program_tls.hpp>
#include <cohort/telemetry/memory_metrics.hpp>
#include <cohort/telemetry/process_metrics.hpp>

namespace cohort::service {
namespace {

using telemetry::log_level;
using instance_list = std::vector<std::unique_ptr<instance>>;

constexpr int usage_exit_status = 2;

/// Metrics of the process, which each of its services reports.
void add_process_wide_metrics(telemetry::registry& metrics, const telemetry::log_sink& sink,
                              const std::vector<std::unique_ptr<loop_monitor>>& monitors) {
  telemetry::add_process_metrics(metrics);
  telemetry::add_memory_metrics(metrics);
  add_loop_metrics(metrics, monitors);
  metrics.add_collector([&sink](auto& families) {
    families.push_back(telemetry::single_value_family(
        "cohort_log_lines_dropped_total", "Log lines dropped because the log queue was full or the output failed.",
        prometheus::MetricType::Counter, static_cast<double>(sink.dropped_line_count())));
  });
}

/// Opens /dev/null for each closed standard descriptor. Otherwise the next socket would have the number of a standard
/// descriptor, and would receive the output that is written to this descriptor.
void open_missing_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
}

/// An error message if `port`, the port of the first service, leaves no port for another service.
std::optional<std::string> find_port_error(const char* flag, std::uint16_t port,
                                           const std::vector<std::uint16_t>& default_ports) {
  const int max_offset = *std::max_element(default_ports.begin(), default_ports.end()) - default_ports.front();
  if (port + max_offset <= 65535) return std::nullopt;
  return std::string{flag} + " is \"" + std::to_string(port) + "\", but must be at most " +
         std::to_string(65535 - max_offset) + ", because the services listen on this port and the ports up to " +
         std::to_string(max_offset) + " above it";
}

/// An error message if the services cannot be registered with these settings.
std::optional<std::string> find_registration_conflict(const common_settings& settings, std::size_t services) {
  if (settings.registry && !settings.unix_socket.path.empty()) {
    return "--register (REGISTER) cannot be combined with --unix-socket: other machines cannot reach a Unix domain "
           "socket";
  }
  if (services > 1 && settings.advertise_address && settings.advertise_address->port() != 0) {
    return "--advertise-address (ADVERTISE_ADDRESS) has a port, but must have none, because the program runs several "
           "services";
  }
  return std::nullopt;
}

using listen_result = result<std::unique_ptr<net::acceptor>, std::string>;

/// Listens for the service at `offset` from the first service, or on a port that the system chooses if `first_port` is
/// 0.
listen_result listen_at(loop& first_loop, const std::string& host, std::uint16_t first_port, int offset) {
  const int port = first_port == 0 ? 0 : first_port + offset;
  const net::endpoint local_endpoint{asio::ip::make_address(host), static_cast<std::uint16_t>(port)};
  auto listener = net::listen_tcp(first_loop, local_endpoint);
  if (listener) return std::move(*listener);
  // The text of the setting is shown, because a parsed address does not contain the name of a zone that does not exist.
  const auto displayed_host = local_endpoint.address().is_v6() ? "[" + host + "]" : host;
  return "cannot listen on " + displayed_host + ":" + std::to_string(port) + ": " + listener.error().message();
}

listen_result listen_at(loop& first_loop, const unix_socket_options& socket) {
  auto listener = net::listen_unix(first_loop, socket.path, socket.mode);
  if (listener) return std::move(*listener);
  return "cannot listen on unix:" + socket.path + ": " + listener.error().message();
}

std::vector<std::uint16_t> default_ports_of(const std::vector<definition>& services) {
  std::vector<std::uint16_t> ports;
  for (const auto& service : services) ports.push_back(service.port);
  return ports;
}

/// Returns the instances in the order of the definitions, or an error message.
result<instance_list, std::string> listen_all(const std::vector<loop*>& loops, const common_settings& settings,
                                              std::vector<definition> services,
                                              const std::shared_ptr<net::tls_server_context>& tls) {
  const auto default_ports = default_ports_of(services);
  if (auto error = find_port_error("--port", settings.port, default_ports)) return std::move(*error);
  instance_list instances;
  for (auto& service : services) {
    const int offset = service.port - default_ports.front();
    auto listener = settings.unix_socket.path.empty() ? listen_at(*loops.front(), settings.host, settings.port, offset)
                                                      : listen_at(*loops.front(), settings.unix_socket);
    if (!listener) return listener.error();
    instances.push_back(std::make_unique<instance>(std::move(service), loops, std::move(*listener), tls));
  }
  return instances;
}

/// Adds a redirect to each instance, if there is a redirect port. Returns an error message; empty on success.
std::optional<std::string> add_redirects(instance_list& instances, loop& first_loop, const common_settings& settings,
                                         const std::vector<std::uint16_t>& default_ports) {
  const auto first_port = settings.tls.redirect_port;
  if (!first_port) return std::nullopt;
  if (auto error = find_port_error("--redirect-port", *first_port, default_ports)) return error;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    auto listener = listen_at(first_loop, settings.host, *first_port, default_ports[i] - default_ports.front());
    if (!listener) return listener.error();
    instances[i]->add_https_redirect(std::move(*listener));
  }
  return std::nullopt;
}

/// Stops the services one after the other, so that an earlier service can still call a later service.
task<> stop_all(instance_list& instances, duration drain_timeout) {
  const auto drain_deadline = deadline::after(loop::current().now(), drain_timeout);
  for (auto& service : instances) co_await service->stop(remaining(drain_deadline));
}

void warn_about_short_keys(const config::api_key_list& keys, const telemetry::logger& log) {
  for (const auto& [name, key] : keys) {
    if (key.size() >= config::min_safe_key_length) continue;
    log.write(log_level::warn, "short API key: use at least 16 random characters", {{"key", std::string_view{name}}});
  }
}

/// The exit status for a failed start; never 0.
int exit_status_of(const start_error& failure) { return failure.exit_status() == 0 ? 1 : failure.exit_status(); }

/// Returns the exit status for a start hook that has failed with this exception.
int report_start_failure(const std::string& service, const std::exception_ptr& failure, const telemetry::logger& log) {
  const auto reason = exception_message(failure);
  log.write(log_level::error, "start failed",
            {{"name", std::string_view{service}}, {"error", std::string_view{reason}}});
  try {
    std::rethrow_exception(failure);
  } catch (const start_error& error) {
    return exit_status_of(error);
  } catch (...) {
    return 1;
  }
}

/// Null if neither spans nor log lines are exported.
std::unique_ptr<telemetry_export> make_export(const common_settings& settings, net::network& network,
                                              const std::vector<loop*>& loops, const net::tls_client_settings& tls,
                                              const telemetry::logger& log) {
  if (!settings.otlp.traces && !settings.otlp.logs) return nullptr;
  http::client_settings client;
  client.proxies = settings.proxies;
  client.tls = tls;
  return std::make_unique<telemetry_export>(settings.otlp, network, loops, std::move(client), log);
}

/// Exports the last spans and log lines.
task<> stop_export(telemetry_export* telemetry_exporter, telemetry::log_sink& log_output) {
  constexpr auto export_timeout = std::chrono::seconds{2};
  if (!telemetry_exporter) co_return;
  co_await telemetry_exporter->stop(deadline::after(loop::current().now(), export_timeout));
  log_output.set_exporter(nullptr);
}

/// Runs the services until a signal, and returns the exit status.
task<int> serve(instance_list& instances, const common_settings& settings, telemetry_export* telemetry_exporter,
                telemetry::log_sink& log_output, telemetry::logger log) {
  event ended;
  int status = 0;
  for (auto& service : instances) {
    service->start([&, name = service->name()](const std::exception_ptr& failure) {
      if (!failure || status != 0) return;
      status = report_start_failure(name, failure, log);
      ended.set();
    });
  }
  if (telemetry_exporter) telemetry_exporter->start();
  if (telemetry_exporter && telemetry_exporter->exports_logs()) log_output.set_exporter(telemetry_exporter);
  warn_about_short_keys(settings.api_keys, log);

  asio::signal_set signals{loop::current().context(), SIGTERM, SIGINT};
  int number = 0;
  signals.async_wait([&](error_code error, int first_signal) {
    if (error) return;
    number = first_signal;
    ended.set();
    signals.async_wait([](error_code second_error, int second_signal) {
      if (!second_error) std::_Exit(128 + second_signal);
    });
  });
  co_await ended.wait();
  for (auto& service : instances) service->begin_drain();
  if (status != 0) {
    co_await stop_all(instances, std::chrono::seconds{0});
    co_await stop_export(telemetry_exporter, log_output);
    signals.cancel();
    co_return status;
  }
  if (settings.drain_delay > settings.drain_delay.zero()) {
    log.write(log_level::info, "not ready, draining after a delay",
              {{"signal", std::int64_t{number}}, {"delay_seconds", std::int64_t{settings.drain_delay.count()}}});
    ended.reset();
    // A start hook that fails during the delay ends the delay.
    co_await ended.wait(deadline::after(loop::current().now(), settings.drain_delay));
  }
  log.write(log_level::info, "draining", {{"signal", std::int64_t{number}}});
  co_await stop_all(instances, settings.drain_timeout);
  log.write(log_level::info, "stopped");
  co_await stop_export(telemetry_exporter, log_output);
  signals.cancel();
  co_return status;
}

/// Returns the reason why the service cannot be built: an invalid or conflicting route, or an exception of
/// `definition::app`.
std::optional<start_error> build_service(instance& service, const dependencies& dependencies) {
  try {
    service.build(dependencies);
    return std::nullopt;
  } catch (const start_error& error) {
    return error;
  } catch (const std::logic_error& error) {
    return start_error{error.what(), usage_exit_status};
  } catch (...) {
    return start_error{exception_message(std::current_exception())};
  }
}

}  // namespace

int run_until_signal(const std::string& program, const common_settings& settings, std::vector<definition> services) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  open_missing_descriptors();
  memory_reserve::install();
  const auto capacity =
      divide_descriptors(raise_descriptor_limit(), services.size(), static_cast<std::size_t>(settings.threads),
                         static_cast<std::size_t>(settings.connections.max_connections));
  runtime threads{static_cast<std::size_t>(settings.threads)};
  std::vector<loop*> loops;
  for (std::size_t i = 0; i < threads.size(); ++i) loops.push_back(&threads.at(i));

  net::system_network network;
  auto sink_owner = std::make_unique<telemetry::log_sink>();
  auto& sink = *sink_owner;
  const auto format = settings.log_format == "json" ? telemetry::log_format::json : telemetry::log_format::text;
  const telemetry::logger log{sink, program, *telemetry::parse_log_level(settings.log_level), format};

  program_tls tls;
  if (const auto error = tls.load(settings.tls)) {
    std::cerr << program << ": " << *error << "\n";
    return usage_exit_status;
  }
  // The export is destroyed after the services, because they record spans.
  auto telemetry_exporter = make_export(settings, network, loops, tls.upstream(), log);
  const auto default_ports = default_ports_of(services);
  if (const auto error = find_registration_conflict(settings, services.size())) {
    std::cerr << program << ": " << *error << "\n";
    return usage_exit_status;
  }
  auto instances = listen_all(loops, settings, std::move(services), tls.server());
  if (!instances) {
    std::cerr << program << ": " << instances.error() << "\n";
    return usage_exit_status;
  }
  std::map<std::string, boost::urls::url> sibling_urls;
  for (const auto& service : *instances) sibling_urls[service->name()] = service->url();
  std::vector<telemetry::registry*> registries;
  std::vector<std::unique_ptr<loop_monitor>> monitors;
  const auto key_throttle = make_key_throttle(settings.auth_failure_limit);
  for (auto& service : *instances) {
    const dependencies dependencies{network,  settings,       log,          sibling_urls,
                                    capacity, tls.upstream(), key_throttle, telemetry_exporter.get()};
    if (const auto error = build_service(*service, dependencies)) {
      std::cerr << program << ": " << error->what() << "\n";
      return exit_status_of(*error);
    }
    add_process_wide_metrics(service->metrics(), sink, monitors);
    registries.push_back(&service->metrics());
  }
  if (const auto error = add_redirects(*instances, *loops.front(), settings, default_ports)) {
    std::cerr << program << ": " << *error << "\n";
    return usage_exit_status;
  }
  for (auto* event_loop : loops) {
    monitors.push_back(std::make_unique<loop_monitor>(*event_loop, registries));
    asio::post(event_loop->get_executor(), [monitor = monitors.back().get()] { monitor->start(); });
  }

  config::reloader reloadable_settings;
  if (!settings.api_key_file.empty()) {
    const auto replace_keys = [&](const config::api_key_list& keys) {
      bool has_changed = false;
      for (auto& service : *instances) has_changed = service->replace_api_keys(keys) || has_changed;
      if (has_changed) warn_about_short_keys(keys, log);
      return has_changed;
    };
    reloadable_settings.add_api_key_file("API_KEY_FILE", settings.api_key_file, replace_keys);
  }
  tls.add_reloads(reloadable_settings, registries, [&](const net::tls_client_settings& upstream) {
    for (auto& service : *instances) service->replace_upstream_tls(upstream);
  });
  for (auto& service : *instances) service->lifecycle().move_reloads_to(reloadable_settings);
  const reload_handler reloads{*loops.front(), reloadable_settings, registries, log};

  std::optional<stall_watchdog> watchdog;
  if (settings.loop_stall_ms > 0) {
    watchdog.emplace(monitors, std::chrono::milliseconds{settings.loop_stall_ms}, registries, log);
  }

  int status = 0;
  asio::co_spawn(loops.front()->get_executor(), serve(*instances, settings, telemetry_exporter.get(), sink, log),
                 [&](std::exception_ptr error, int end) {
                   status = end;
                   if (error) {
                     // Exits without destructors, because connections are still open.
                     std::cerr << program << ": " << exception_message(error) << "\n";
                     std::_Exit(1);
                   }
                   threads.stop();
                 });
  threads.run();
  watchdog.reset();
  const bool has_blocking_jobs = std::ranges::any_of(
      *instances, [](const auto& service) { return !service->lifecycle().unfinished_blocking_jobs().empty(); });
  if (has_blocking_jobs) {
    // Blocking jobs still use objects of this process, so the only destructor that runs is the destructor that writes
    // the last log lines.
    sink_owner.reset();
    std::_Exit(status);
  }
  return status;
}

}  // namespace cohort::service
