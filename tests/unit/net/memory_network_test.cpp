// SPDX-License-Identifier: BSL-1.0
#include <cohort/net/memory/memory_network.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/net/peer.hpp"
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using endpoints = result<std::vector<net::endpoint>>;

net::endpoint make_endpoint(const char* address, std::uint16_t port) { return {asio::ip::make_address(address), port}; }

task<result<net::stream_ptr>> accept_on_loop(net::acceptor& acceptor) {
  co_return co_await acceptor.accept(loop::current());
}

TEST_CASE("memory network: resolves added names and IP addresses only", "[net][memory]") {
  virtual_time time;
  net::memory_network network;
  network.add_name("weather", {asio::ip::make_address("10.0.0.1"), asio::ip::make_address("10.0.0.2")});

  const endpoints endpoints_by_name = time.run(network.resolve("weather", 80, deadline::never()));
  CHECK(*endpoints_by_name == std::vector{make_endpoint("10.0.0.1", 80), make_endpoint("10.0.0.2", 80)});
  const endpoints endpoints_by_address = time.run(network.resolve("10.9.9.9", 81, deadline::never()));
  CHECK(*endpoints_by_address == std::vector{make_endpoint("10.9.9.9", 81)});
  const endpoints unknown_endpoints = time.run(network.resolve("nowhere", 80, deadline::never()));
  CHECK(unknown_endpoints.error() == asio::error::host_not_found);
}

TEST_CASE("memory network: a connection is established after one round trip", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.latency = 2ms;
  net::memory_network network{settings};
  const auto endpoint = make_endpoint("10.0.0.1", 80);
  const auto acceptor = network.listen(endpoint);
  CHECK(acceptor->local_endpoint() == endpoint);

  spawned_task<result<net::stream_ptr>> pending_accept{time, accept_on_loop(*acceptor)};
  const auto start = time.now();
  auto connect_result = time.run(network.connect(endpoint, deadline::never()));
  REQUIRE(connect_result.has_value());
  CHECK(time.now() - start >= 4ms);
  time.run_for(0s);
  REQUIRE(pending_accept.ended());

  peer client{time, std::move(*connect_result)};
  CHECK(client.stream().peer_address() == "10.0.0.1");
  CHECK(client.send("hello") == 5U);
  CHECK(time.run(read_once(***pending_accept.outcome().value)) == std::string{"hello"});
}

TEST_CASE("memory network: a connection is refused without an acceptor, and after the acceptor was closed",
          "[net][memory]") {
  virtual_time time;
  net::memory_network network;
  const auto endpoint = make_endpoint("10.0.0.1", 80);
  CHECK(time.run(network.connect(endpoint, deadline::never())).error() == asio::error::connection_refused);
  const auto acceptor = network.listen(endpoint);
  CHECK(time.run(network.connect(endpoint, deadline::never())).has_value());
  acceptor->close();
  CHECK(time.run(network.connect(endpoint, deadline::never())).error() == asio::error::connection_refused);
}

TEST_CASE("memory network: closing an acceptor aborts a pending accept and closes connections in its backlog",
          "[net][memory]") {
  virtual_time time;
  net::memory_network network;
  const auto endpoint = make_endpoint("10.0.0.1", 80);
  const auto acceptor = network.listen(endpoint);

  SECTION("a pending accept") {
    spawned_task<result<net::stream_ptr>> pending_accept{time, accept_on_loop(*acceptor)};
    acceptor->close();
    time.run_for(0s);
    REQUIRE(pending_accept.ended());
    CHECK(pending_accept.outcome().value->error() == asio::error::operation_aborted);
  }
  SECTION("a connection in the backlog") {
    peer client{time, *time.run(network.connect(endpoint, deadline::never()))};
    acceptor->close();
    CHECK(client.read().has_error());
  }
}

TEST_CASE("memory network: connecting to a black hole times out at the deadline, and can be cancelled",
          "[net][memory]") {
  virtual_time time;
  net::memory_network network;
  const auto endpoint = make_endpoint("10.0.0.1", 80);
  network.add_black_hole(endpoint);
  const auto start = time.now();
  CHECK(time.run(network.connect(endpoint, deadline::after(start, 3s))).error() == asio::error::timed_out);
  CHECK(time.now() - start >= 3s);

  spawned_task<result<net::stream_ptr>> pending_connect{time, network.connect(endpoint, deadline::never())};
  CHECK_FALSE(pending_connect.ended());
  pending_connect.cancel();
  CHECK(pending_connect.ended());
}

TEST_CASE("memory network: connecting times out at a deadline shorter than the round trip", "[net][memory]") {
  virtual_time time;
  net::memory_pipe_settings settings;
  settings.latency = 10ms;
  net::memory_network network{settings};
  const auto endpoint = make_endpoint("10.0.0.1", 80);
  const auto acceptor = network.listen(endpoint);
  const auto start = time.now();
  CHECK(time.run(network.connect(endpoint, deadline::after(start, 5ms))).error() == asio::error::timed_out);
  CHECK(time.now() - start < 10ms);
}

}  // namespace
}  // namespace cohort
