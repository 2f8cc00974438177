#include "core/service/service.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <boost/asio/signal_set.hpp>
#include <boost/url/parse.hpp>

#include <csignal>
#include <cstdio>
#include <iostream>

#include "core/http/server.hpp"
#include "core/net/system_network.hpp"
#include "core/net/tcp.hpp"
#include "core/runtime/run_on.hpp"
#include "core/runtime/runtime.hpp"
#include "core/runtime/when_all.hpp"
#include "core/service/loop_monitor.hpp"
#include "core/service/probes.hpp"
#include "core/service/settings.hpp"
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

std::string host_in_url(const asio::ip::address& address) {
  // A wildcard is no address to call; loopback reaches whoever listens on it.
  const auto reachable = !address.is_unspecified() ? address
                         : address.is_v6()         ? asio::ip::address{asio::ip::address_v6::loopback()}
                                                   : asio::ip::address{asio::ip::address_v4::loopback()};
  const auto text = reachable.to_string();
  return reachable.is_v6() ? "[" + text + "]" : text;
}

boost::urls::url url_of(const net::endpoint& where) {
  return boost::urls::url{
      *boost::urls::parse_uri("http://" + host_in_url(where.address()) + ":" + std::to_string(where.port()))};
}

/// One of a program's services while it runs.
class running_service {
 public:
  running_service(definition what, std::vector<loop*> loops, std::unique_ptr<net::acceptor> listener)
      : what_(std::move(what)),
        loops_(std::move(loops)),
        metrics_(loops_.size()),
        listener_(std::move(listener)),
        local_(listener_->local_endpoint()) {}

  const std::string& name() const noexcept { return what_.name; }
  boost::urls::url url() const { return url_of(local_); }
  telemetry::registry& metrics() noexcept { return metrics_; }

  void build(net::network& network, const common_settings& settings, const telemetry::logger& log,
             const telemetry::log_sink& sink, std::map<std::string, boost::urls::url> siblings,
             std::size_t connections) {
    log_.emplace(log.for_service(what_.name));
    client_.emplace(network, loops_.size());
    work_.emplace(loops_, *log_);
    guard_.emplace(settings.api_key, metrics_, what_.metric_prefix);
    kit given{*client_, metrics_, *log_, *work_, settings.api_key, std::move(siblings)};
    routes_ = what_.app(given, *guard_);
    guard_->expose_counters(routes_);
    add_probes(routes_, metrics_, draining_);
    if (settings.rate_limit) routes_.add_filter(rate_limit_filter(*settings.rate_limit, metrics_));
    routes_.add_filter(api_key_filter(*guard_));
    telemetry::add_process_metrics(metrics_);
    metrics_.add_collector([&sink](auto& families) {
      families.push_back(telemetry::single_value("cohort_log_lines_dropped_total", "Log lines lost to a full queue.",
                                                 prometheus::MetricType::Counter, static_cast<double>(sink.dropped())));
    });
    metrics_.make_gauge("cohort_build_info", "Which version this is.", {{"version", COHORT_VERSION}}).add(1);
    server_metrics_.emplace(metrics_, what_.metric_prefix, routes_);
    http::server_settings chosen;
    chosen.limits.connections = connections;
    chosen.common_fields = security_headers(what_.content_security_policy);
    // RFC 6797: only over TLS, which here is a proxy's.
    chosen.common_fields_over_tls = chosen.common_fields + "Strict-Transport-Security: max-age=31536000\r\n";
    server_.emplace(loops_, std::move(listener_), routes_, *server_metrics_, *log_, std::move(chosen));
  }

  void start() {
    server_->start();
    const std::string address{url().buffer()};
    log_->write(log_level::info, "listening", {{"url", std::string_view{address}}});
  }

  void begin_drain() noexcept { draining_ = true; }

  task<> stop(duration at_most) {
    co_await server_->drain(at_most);
    co_await work_->stop();
    for (auto* each : loops_) co_await run_on(*each, close_idle(*client_));
  }

 private:
  static task<> close_idle(http::client& client) {
    client.close_idle();
    co_return;
  }

  definition what_;
  std::vector<loop*> loops_;
  telemetry::registry metrics_;
  std::unique_ptr<net::acceptor> listener_;
  net::endpoint local_;
  std::atomic<bool> draining_{false};
  std::optional<telemetry::logger> log_;
  std::optional<http::client> client_;
  std::optional<background> work_;
  std::optional<key_guard> guard_;
  http::router routes_;
  std::optional<http::server_metrics> server_metrics_;
  std::optional<http::server> server_;
};

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
task<> stop_all(std::vector<std::unique_ptr<running_service>>& services, duration at_most) {
  const auto until = deadline::after(loop::current().now(), at_most);
  for (auto& each : services) co_await each->stop(remaining(until));
}

/// Serves until SIGTERM or SIGINT, then drains. A second signal ends the program at once.
task<> serve(std::vector<std::unique_ptr<running_service>>& services, const common_settings& settings,
             telemetry::logger log) {
  for (auto& each : services) each->start();
  if (settings.api_key.empty()) log.write(log_level::warn, "no API_KEY: /api/* is open to all who can reach it");

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

  std::vector<std::unique_ptr<running_service>> services;
  std::map<std::string, boost::urls::url> siblings;
  const auto first_port = all.front().port;
  for (auto& each : all) {
    const auto port = settings.port == 0 ? 0 : settings.port + each.port - first_port;
    if (port > 65535) return complain(program, "--port leaves no room for " + each.name + "'s own port");
    const net::endpoint where{asio::ip::make_address(settings.host), static_cast<std::uint16_t>(port)};
    auto listener = net::listen_tcp(*loops.front(), where);
    if (!listener) {
      return complain(program, "cannot listen on " + host_in_url(where.address()) + ":" + std::to_string(port) + ": " +
                                   listener.error().message());
    }
    services.push_back(std::make_unique<running_service>(std::move(each), loops, std::move(*listener)));
    siblings[services.back()->name()] = services.back()->url();
  }
  std::vector<telemetry::registry*> registries;
  for (auto& each : services) {
    each->build(network, settings, log, sink, siblings, connections);
    registries.push_back(&each->metrics());
  }
  std::vector<std::unique_ptr<loop_monitor>> monitors;
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
  return settings.healthcheck ? healthcheck(settings) : serve_until_told(program, settings, std::move(all));
}

int run(int argc, const char* const* argv, definition only) {
  auto program = only.name;
  auto about = only.about;
  std::vector<definition> all;
  all.push_back(std::move(only));
  return run_together(argc, argv, std::move(program), std::move(about), std::move(all));
}

}  // namespace cohort::service
