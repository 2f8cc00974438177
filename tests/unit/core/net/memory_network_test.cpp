#include "core/net/memory_network.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/core/net/peer.hpp"
#include "tests/unit/core/runtime/tasks.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using addresses = result<std::vector<net::endpoint>>;

net::endpoint at(const char* address, std::uint16_t port) { return {asio::ip::make_address(address), port}; }

task<result<net::stream_ptr>> accept_here(net::acceptor& from) { co_return co_await from.accept(loop::current()); }

TEST_CASE("A name resolves to the addresses it was given, an address to itself, another name to nothing") {
  virtual_time time;
  net::memory_network network;
  network.add_name("weather", {asio::ip::make_address("10.0.0.1"), asio::ip::make_address("10.0.0.2")});

  const addresses by_name = time.run(network.resolve("weather", 80, deadline::never()));
  CHECK(*by_name == std::vector{at("10.0.0.1", 80), at("10.0.0.2", 80)});
  const addresses by_address = time.run(network.resolve("10.9.9.9", 81, deadline::never()));
  CHECK(*by_address == std::vector{at("10.9.9.9", 81)});
  const addresses unknown = time.run(network.resolve("nowhere", 80, deadline::never()));
  CHECK(unknown.error() == asio::error::host_not_found);
}

TEST_CASE("Whoever connects meets the one who accepts, after a round trip") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.latency = 2ms;
  net::memory_network network{how};
  const auto where = at("10.0.0.1", 80);
  const auto listener = network.listen(where);
  CHECK(listener->local_endpoint() == where);

  lone_task<result<net::stream_ptr>> accepting{time, accept_here(*listener)};
  const auto start = time.now();
  auto connected = time.run(network.connect(where, deadline::never()));
  REQUIRE(connected.has_value());
  CHECK(time.now() - start >= 4ms);
  time.run_for(0s);
  REQUIRE(accepting.ended());

  peer client{time, std::move(*connected)};
  CHECK(client.stream().peer_address() == "10.0.0.1");
  CHECK(client.send("hello") == 5U);
  CHECK(time.run(read_once(***accepting.outcome().value)) == std::string{"hello"});
}

TEST_CASE("Where nobody listens a connection is refused, also after the listener closed") {
  virtual_time time;
  net::memory_network network;
  const auto where = at("10.0.0.1", 80);
  CHECK(time.run(network.connect(where, deadline::never())).error() == asio::error::connection_refused);
  const auto listener = network.listen(where);
  CHECK(time.run(network.connect(where, deadline::never())).has_value());
  listener->close();
  CHECK(time.run(network.connect(where, deadline::never())).error() == asio::error::connection_refused);
}

TEST_CASE("Closing a listener ends the wait for the next connection, and turns away those that nobody took") {
  virtual_time time;
  net::memory_network network;
  const auto where = at("10.0.0.1", 80);
  const auto listener = network.listen(where);

  SECTION("a wait") {
    lone_task<result<net::stream_ptr>> accepting{time, accept_here(*listener)};
    listener->close();
    time.run_for(0s);
    REQUIRE(accepting.ended());
    CHECK(accepting.outcome().value->error() == asio::error::operation_aborted);
  }
  SECTION("a connection not taken") {
    peer client{time, *time.run(network.connect(where, deadline::never()))};
    listener->close();
    CHECK(client.read().has_error());
  }
}

TEST_CASE("A black hole neither takes nor refuses: the deadline ends it, or cancellation") {
  virtual_time time;
  net::memory_network network;
  const auto where = at("10.0.0.1", 80);
  network.black_hole(where);
  const auto start = time.now();
  CHECK(time.run(network.connect(where, deadline::after(start, 3s))).error() == asio::error::timed_out);
  CHECK(time.now() - start >= 3s);

  lone_task<result<net::stream_ptr>> connecting{time, network.connect(where, deadline::never())};
  CHECK_FALSE(connecting.ended());
  connecting.cancel();
  CHECK(connecting.ended());
}

TEST_CASE("A deadline that is shorter than the way there ends the connecting") {
  virtual_time time;
  net::memory_pipe_settings how;
  how.latency = 10ms;
  net::memory_network network{how};
  const auto where = at("10.0.0.1", 80);
  const auto listener = network.listen(where);
  const auto start = time.now();
  CHECK(time.run(network.connect(where, deadline::after(start, 5ms))).error() == asio::error::timed_out);
  CHECK(time.now() - start < 10ms);
}

}  // namespace
}  // namespace cohort
