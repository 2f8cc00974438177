// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/http/server/bounds/limited_server.hpp"

// Tests of connections beyond the limit: the reserve for probes, and requests on connections that are being shed.
namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("server: rejected connections that their clients keep open do not fill the reserve",
          "[http][server][bounds][case-1.13]") {
  limited_server server{1};
  auto busy_client = server.connect_busy();
  const auto start = server.time.now();
  std::vector<peer> rejected_clients;
  for (int i = 0; i < 20; ++i) {
    rejected_clients.push_back(server.connect());
    CHECK(server.status_of(rejected_clients.back(), "/") == 503);
    auto probe = server.connect();
    CHECK(server.status_of(probe, "/health") == 200);
  }
  CHECK(server.time.now() - start < 100ms);
  for (auto& client : rejected_clients) CHECK(client.is_closed_cleanly());
  CHECK(server.metric_value(limit_rejections) == 0);
  CHECK(server.metric_value(shed_series("closing")).value() > 0);
  CHECK(busy_client.receive()->status == 200);
}

TEST_CASE("server: a burst of rejected connections that their clients keep open does not fill the reserve",
          "[http][server][bounds][case-1.13]") {
  limited_server server{1};
  auto busy_client = server.connect_busy();
  std::vector<peer> rejected_clients;
  for (int i = 0; i < 2; ++i) rejected_clients.push_back(server.connect());
  for (auto& client : rejected_clients) client.send(get("/"));
  auto probe = server.connect();
  CHECK(server.status_of(probe, "/health") == 200);
  for (auto& client : rejected_clients) CHECK(client.receive()->status == 503);
}

TEST_CASE("server: a connection whose last response has been sent is closed early only at the limit",
          "[http][server][bounds]") {
  limited_server server{64};  // idle connections are shed from the 63rd connection on, and immediately from the 64th on
  std::vector<peer> busy_clients;
  for (int i = 0; i < 61; ++i) {
    busy_clients.push_back(server.connect());
    busy_clients.back().send(get("/slow"));
  }
  auto closing_client = server.connect();
  CHECK(server.status_of(closing_client, "/") == 200);
  closing_client.send(get("/", "Connection: close\r\n"));
  CHECK(closing_client.receive()->status == 200);
  auto next = server.connect();
  next.send(get("/slow"));
  server.time.run_for(10ms);
  CHECK(server.metric_value("cohort_server_connections") == 63);
  CHECK(server.metric_value(shed_series("closing")) == 0);
  auto last_client = server.connect();
  CHECK(server.status_of(last_client, "/") == 200);
  CHECK(server.metric_value(shed_series("closing")) == 1);
  server.time.run_for(1ms);
  CHECK(server.metric_value("cohort_server_connections") == 63);
}

TEST_CASE("server: idle connections are closed for new clients while rejected connections are open",
          "[http][server][bounds]") {
  limited_server server{2};
  std::vector<peer> busy_clients;
  for (int i = 0; i < 2; ++i) {
    busy_clients.push_back(server.connect());
    busy_clients.back().send(get("/slow"));
  }
  server.time.run_for(4900ms);
  auto rejected_client = server.connect();
  CHECK(server.status_of(rejected_client, "/") == 503);
  for (auto& client : busy_clients) CHECK(client.receive()->status == 200);
  server.time.run_for(20ms);
  std::vector<peer> next;
  for (int i = 0; i < 2; ++i) {
    next.push_back(server.connect());
    CHECK(server.status_of(next.back(), "/") == 200);
  }
  CHECK(server.metric_value(shed_series("idle")) == 2);
  CHECK(server.metric_value(shed_series("closing")) == 1);
}

/// Opens a connection, and then sends `bytes` on another connection, so that the server accepts the new connection
/// first.
task<result<net::stream_ptr>> connect_before_send(net::memory_network& network, net::stream& other, std::string bytes) {
  auto connect_task = network.connect({asio::ip::make_address("192.0.2.80"), 80}, deadline::never());
  auto connect_result = co_await std::move(connect_task);
  other.try_write({asio::buffer(bytes), asio::const_buffer{}});
  co_return connect_result;
}

TEST_CASE("server: a request that arrives while its connection is shed is served, and the connection is then closed",
          "[http][server][bounds]") {
  limited_server server{3};
  auto first = server.connect_idle();
  auto second = server.connect_idle();
  auto third = server.connect_idle();
  auto connect_task = connect_before_send(server.network(), first.stream(), get("/"));
  peer fourth{server.time, server.time.run(std::move(connect_task)).value()};
  const auto response = first.receive();
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->header("Connection") == "close");
  CHECK(first.is_closed_cleanly());
  CHECK(server.metric_value(shed_series("idle")) == 1);
  for (auto* const client : {&fourth, &second, &third}) CHECK(server.status_of(*client, "/") == 200);
  server.time.run_for(1ms);
  CHECK(server.metric_value("cohort_server_connections") == 3);
  CHECK(server.metric_value(reserve_rejections) == 0);
}

TEST_CASE("server: shed connections with requests do not use up the reserve", "[http][server][bounds]") {
  const auto [open, is_surplus, is_reserved] = GENERATE(table<std::size_t, bool, bool>({
      {98, false, false},
      {99, false, false},
      {100, true, false},
      {115, true, false},
      {116, true, true},
      {150, true, true},
  }));
  CAPTURE(open);
  const http::router routes;
  http::server_settings settings;
  settings.limits.max_connections = 100;
  settings.limits.reserved_connections = 32;
  telemetry::registry metrics{1};
  http::server_metrics server_metrics{metrics, "test", routes};
  telemetry::log_sink sink;
  const telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  http::server_state state{routes, settings, server_metrics, log};
  state.connection_count = open;
  http::connection_info info;
  state.count_shed_connection(info);
  CHECK(state.connection_count == open + 1);
  CHECK(info.is_surplus == is_surplus);
  CHECK(info.is_reserved == is_reserved);
}

/// Gives access to the protected functions of another stream.
struct stream_access : net::stream {
  static void read(net::stream& other, asio::mutable_buffer buffer, completion_handler<net::io_result> handler) {
    (other.*&stream_access::start_read)(buffer, std::move(handler));
  }
  static void write(net::stream& other, net::const_buffers buffers, completion_handler<net::io_result> handler) {
    (other.*&stream_access::start_write)(buffers, std::move(handler));
  }
};

/// A stream that reports itself as readable while `has_unread_bytes` is true. It simulates a busy loop that has not
/// read the next request from the socket yet.
class unread_stream final : public net::stream {
 public:
  unread_stream(net::stream_ptr inner_stream, const bool& has_unread_bytes)
      : inner_(std::move(inner_stream)), has_unread_bytes_(has_unread_bytes) {}

  net::io_result try_write(net::const_buffers buffers) override { return inner_->try_write(buffers); }
  void set_deadline(deadline stream_deadline) override { inner_->set_deadline(stream_deadline); }
  void watch_hangup(std::function<void()> on_hangup) override { inner_->watch_hangup(std::move(on_hangup)); }
  void unwatch_hangup() noexcept override { inner_->unwatch_hangup(); }
  bool is_readable() noexcept override { return has_unread_bytes_ || inner_->is_readable(); }
  void shutdown_write() noexcept override { inner_->shutdown_write(); }
  void close() noexcept override { inner_->close(); }
  std::string peer_address() const override { return inner_->peer_address(); }

 private:
  void start_read(asio::mutable_buffer buffer, completion_handler<net::io_result> handler) override {
    stream_access::read(*inner_, buffer, std::move(handler));
  }
  void start_write(net::const_buffers buffers, completion_handler<net::io_result> handler) override {
    stream_access::write(*inner_, buffers, std::move(handler));
  }

  net::stream_ptr inner_;
  const bool& has_unread_bytes_;
};

class unread_acceptor final : public net::acceptor {
 public:
  unread_acceptor(std::unique_ptr<net::acceptor> inner_acceptor, const bool& has_unread_bytes)
      : inner_(std::move(inner_acceptor)), has_unread_bytes_(has_unread_bytes) {}

  task<result<net::stream_ptr>> accept(loop& target) override {
    auto accept_task = inner_->accept(target);
    auto accept_result = co_await std::move(accept_task);
    if (!accept_result) co_return accept_result.error();
    co_return std::make_unique<unread_stream>(std::move(*accept_result), has_unread_bytes_);
  }
  net::endpoint local_endpoint() const override { return inner_->local_endpoint(); }
  void close() noexcept override { inner_->close(); }

 private:
  std::unique_ptr<net::acceptor> inner_;
  const bool& has_unread_bytes_;
};

TEST_CASE("server: a connection with an unread request is not shed", "[http][server][bounds]") {
  bool has_unread_bytes = false;
  limited_server server{1};
  server.wrap_listener([&has_unread_bytes](std::unique_ptr<net::acceptor> listener) {
    return std::make_unique<unread_acceptor>(std::move(listener), has_unread_bytes);
  });
  auto first = server.connect_idle();
  has_unread_bytes = true;
  auto second = server.connect();
  CHECK(server.metric_value(shed_series("idle")) == 0);
  has_unread_bytes = false;
  CHECK(server.status_of(first, "/") == 200);
  CHECK(server.status_of(second, "/") == 503);
}

}  // namespace
}  // namespace cohort
