// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/parse.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/server/server.hpp>
#include <cohort/net/memory/memory_network.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "loadgen/engine/load_run.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

// Load runs on a virtual clock, against a real server or a scripted peer on the in-memory network.
namespace cohort::test {

using loadgen::load_settings;
using loadgen::request_outcome;

inline loadgen::target make_target(std::string name, std::string_view url = "http://192.0.2.80/", unsigned weight = 1) {
  loadgen::target target;
  target.name = std::move(name);
  target.request.url = boost::urls::url{*boost::urls::parse_uri(url)};
  target.weight = weight;
  return target;
}

inline load_settings constant_load(std::int64_t requests_per_second, duration length) {
  load_settings settings;
  settings.targets.push_back(make_target("site"));
  settings.profile.begin_phase("constant").add_constant(length, loadgen::request_rate::per_second(requests_per_second));
  return settings;
}

/// The reaction of a scripted peer to the request with this number.
using peer_script = std::function<task<>(net::stream& stream, std::size_t number)>;

class load_fixture {
 public:
  explicit load_fixture(net::memory_pipe_settings pipe_settings = {}) : network(pipe_settings) {}
  ~load_fixture() {
    if (server_) time.run(server_->drain(0s));
    if (listener_) listener_->close();
    time.run_for(1s);
  }
  load_fixture(const load_fixture&) = delete;
  load_fixture& operator=(const load_fixture&) = delete;

  virtual_time time;
  net::memory_network network;
  http::router routes;
  /// Number of requests that the route handlers or the scripted peer received.
  std::uint64_t request_count = 0;

  static net::endpoint address() { return {asio::ip::make_address("192.0.2.80"), 80}; }

  loadgen::run_environment environment() {
    return {time.event_loop(), {&time.event_loop()}, network, [] { return duration{}; }};
  }

  /// Starts a server for `routes`.
  void serve() { time.run(start_server(*this)); }
  /// Serves `/` with 200 after a delay, computed from the time since the start of the run.
  void serve_delayed(std::function<duration(duration since_start)> delay) {
    routes.get("/", [this, delay](http::request_context&) { return respond_delayed(*this, delay); });
    serve();
  }
  /// Starts a peer that runs `script` for each request, instead of a server.
  void serve_script(peer_script script) {
    script_ = std::move(script);
    listener_ = network.listen(address());
    accepting_.emplace(time, accept_connections(*this));
  }

  /// Runs the load until it ends. `control` runs concurrently.
  loadgen::run_report run(const load_settings& settings,
                          const std::function<task<>(loadgen::load_run&)>& control = {}) {
    const auto run_environment = environment();
    return time.run(run_load(*this, run_environment, settings, control));
  }
  duration since_start() const { return time.now() - run_start_; }

 private:
  static task<> start_server(load_fixture& self) {
    telemetry::logger log{self.discarded_log_, "test", telemetry::log_level::off, telemetry::log_format::json};
    self.server_metrics_.emplace(self.metrics_, "test", self.routes);
    self.server_.emplace(std::vector<loop*>{&self.time.event_loop()}, self.network.listen(address()), self.routes,
                         *self.server_metrics_, std::move(log), http::server_settings{});
    self.server_->start();
    co_return;
  }
  static task<http::response> respond_delayed(load_fixture& self, std::function<duration(duration)> delay) {
    ++self.request_count;
    const auto length = delay(self.since_start());
    if (length > 0s) {
      auto sleep_task = sleep_for(length);
      co_await std::move(sleep_task);
    }
    co_return http::response{}.body("hello", "text/plain");
  }
  static task<loadgen::run_report> run_load(load_fixture& self, const loadgen::run_environment& environment,
                                            const load_settings& settings,
                                            std::function<task<>(loadgen::load_run&)> control) {
    loadgen::load_run run{environment, settings};
    self.run_start_ = run.start_time();
    std::vector<task<>> tasks;
    tasks.push_back(run.run());
    if (control) tasks.push_back(control(run));
    auto all_tasks = when_all(std::move(tasks));
    co_await std::move(all_tasks);
    co_return run.take_report();
  }
  static task<> accept_connections(load_fixture& self) {
    for (;;) {
      auto accept_result = co_await self.listener_->accept(loop::current());
      if (!accept_result) break;
      self.peers_.spawn(run_script(self, std::move(*accept_result)));
    }
    self.peers_.cancel();
    co_await self.peers_.join();
  }
  static task<> run_script(load_fixture& self, net::stream_ptr stream) {
    constexpr std::string_view header_end = "\r\n\r\n";
    std::string received_bytes;
    for (;;) {
      char buffer[1024];
      while (received_bytes.find(header_end) == std::string::npos) {
        auto read_task = stream->read_some(asio::buffer(buffer));
        const auto count = co_await std::move(read_task);
        if (!count) co_return;
        received_bytes.append(buffer, *count);
      }
      received_bytes.erase(0, received_bytes.find(header_end) + header_end.size());
      co_await self.script_(*stream, static_cast<std::size_t>(++self.request_count));
    }
  }

  telemetry::registry metrics_{1};
  telemetry::log_sink discarded_log_;
  std::optional<http::server_metrics> server_metrics_;
  std::optional<http::server> server_;
  peer_script script_;
  std::unique_ptr<net::acceptor> listener_;
  task_group peers_{[](const std::exception_ptr&) {}};
  std::optional<spawned_task<>> accepting_;
  time_point run_start_{};
};

/// Sends all bytes.
inline task<> send(net::stream& stream, std::string bytes) {
  co_await net::write_all(stream, {asio::buffer(bytes), asio::const_buffer{}});
}

}  // namespace cohort::test
