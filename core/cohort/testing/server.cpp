// SPDX-License-Identifier: BSL-1.0
#include <cohort/testing/server.hpp>

#include <utility>
#include <vector>

#include <cohort/testing/spawned_task.hpp>

namespace cohort::testing {
namespace {

const net::endpoint& server_endpoint() {
  static const net::endpoint endpoint{asio::ip::make_address("192.0.2.80"), 80};
  return endpoint;
}

task<> close_idle(http::client& transport) {
  transport.close_idle();
  co_return;
}

}  // namespace

struct server::state {
  state(http::router initial_routes, http::server_settings initial_settings, net::memory_pipe_settings connection)
      : routes(std::move(initial_routes)),
        settings(std::move(initial_settings)),
        network(connection),
        transport(network, 1),
        log(discarding_sink, "test", telemetry::log_level::off, telemetry::log_format::json,
            time.event_loop().time_source()) {
    network.add_name("server", {server_endpoint().address()});
  }

  static task<> start(state& self) {
    self.http_metrics.emplace(self.metrics, "test", self.routes);
    auto listener = self.network.listen(server_endpoint());
    if (self.wrap_listener) listener = self.wrap_listener(std::move(listener));
    self.http_server.emplace(std::vector<loop*>{&self.time.event_loop()}, std::move(listener), self.routes,
                             *self.http_metrics, self.log, self.settings);
    self.http_server->start();
    co_return;
  }

  virtual_time time;
  http::router routes;
  http::server_settings settings;
  telemetry::registry metrics{1};
  std::function<std::unique_ptr<net::acceptor>(std::unique_ptr<net::acceptor>)> wrap_listener;
  net::memory_network network;
  http::client transport;
  telemetry::log_sink discarding_sink;
  telemetry::logger log;
  std::optional<http::server_metrics> http_metrics;
  std::optional<http::server> http_server;
  std::optional<spawned_task<>> drain_task;
};

server::server(http::router routes, http::server_settings settings, net::memory_pipe_settings connection)
    : server(std::make_unique<state>(std::move(routes), std::move(settings), connection)) {}

server::server(std::unique_ptr<state> owned)
    : client(owned->time, owned->transport, "http://server"), state_(std::move(owned)) {}

server::~server() {
  state_->time.run(close_idle(state_->transport));
  if (!is_started()) return;
  if (!state_->drain_task) begin_drain(duration::zero());
  while (!is_drained()) run_for(std::chrono::milliseconds{100});
}

http::router& server::routes() noexcept { return state_->routes; }
http::server_settings& server::settings() noexcept { return state_->settings; }
telemetry::registry& server::metrics() noexcept { return state_->metrics; }
net::memory_network& server::network() noexcept { return state_->network; }

void server::log_to(telemetry::log_sink& sink) {
  state_->log = telemetry::logger{sink, "test", telemetry::log_level::debug, telemetry::log_format::json,
                                  state_->time.event_loop().time_source()};
}

void server::wrap_listener(std::function<std::unique_ptr<net::acceptor>(std::unique_ptr<net::acceptor>)> wrap) {
  state_->wrap_listener = std::move(wrap);
}

void server::start() {
  if (!is_started()) state_->time.run(state::start(*state_));
}

bool server::is_started() const noexcept { return state_->http_server.has_value(); }

result<net::stream_ptr> server::connect() {
  start();
  return state_->time.run(state_->network.connect(server_endpoint(), deadline::never()));
}

void server::announce_drain() { state_->http_server->announce_drain(); }

void server::begin_drain(duration timeout) {
  state_->drain_task.emplace(state_->time, state_->http_server->drain(timeout));
}

bool server::is_drained() const noexcept { return state_->drain_task && state_->drain_task->ended(); }

void server::drain(duration timeout) {
  begin_drain(timeout);
  while (!is_drained()) run_for(std::chrono::milliseconds{1});
}

std::optional<double> server::metric_value(const std::string& series) const {
  const auto text = "\n" + state_->metrics.prometheus_text();
  const auto line = text.find("\n" + series + " ");
  if (line == std::string::npos) return std::nullopt;
  return std::stod(text.substr(line + series.size() + 2));
}

}  // namespace cohort::testing
