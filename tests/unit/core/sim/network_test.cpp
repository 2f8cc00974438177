#include "core/sim/network.hpp"

#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/core/sim/two_hosts.hpp"

namespace cohort::sim {
namespace {

using namespace cohort::test;
namespace error = asio::error;
using addresses = result<std::vector<net::endpoint>>;

net::endpoint at(const host& where, std::uint16_t port) { return {where.address, port}; }

TEST_CASE("Hosts have addresses of their own, and each end of a connection knows the other's") {
  two_hosts both;
  CHECK(both.client.address != both.server.address);
  auto made = both.connect();
  CHECK(made.near.stream().peer_address() == both.server.address.to_string());
  CHECK(made.far.stream().peer_address() == both.client.address.to_string());
  CHECK(made.near.send("question") == 8U);
  CHECK(made.far.read() == std::string{"question"});
  CHECK(made.far.send("answer") == 6U);
  CHECK(made.near.read() == std::string{"answer"});
}

TEST_CASE("Where nobody listens a connection is refused after a round trip, also after the listener closed") {
  two_hosts both;
  both.network.set_usual_conditions(both.exactly(10ms));
  const auto start = both.time.now();
  const net::endpoint nowhere = at(both.server, 81);
  CHECK(both.time.run(both.network.reach(both.client).connect(nowhere, deadline::never())).error() ==
        error::connection_refused);
  CHECK(both.time.now() - start >= 20ms);
  CHECK(both.time.now() - start < 21ms);
  both.listener->close();
  CHECK(both.connect_error() == error::connection_refused);
}

TEST_CASE("A deadline shorter than the way ends the connecting, and so does cancelling it") {
  two_hosts both;
  both.network.set_usual_conditions(both.exactly(10ms));
  const auto start = both.time.now();
  CHECK(both.connect_error(15ms) == error::timed_out);
  CHECK(both.time.now() - start < 16ms);

  lone_task<connected> connecting{both.time, both.connecting()};
  connecting.cancel();
  REQUIRE(connecting.ended());
  CHECK((connecting.ended_by_cancellation() || connecting.outcome().value->error() == error::operation_aborted));
}

TEST_CASE("An address that no host has swallows connects") {
  two_hosts both;
  const net::endpoint unknown{asio::ip::make_address("203.0.113.1"), 80};
  const auto until = deadline::after(both.time.now(), 3s);
  CHECK(both.time.run(both.network.reach(both.client).connect(unknown, until)).error() == error::timed_out);
}

TEST_CASE("A connection's latency lies within its link's, each has its own, and jitter comes on top") {
  two_hosts both;
  link_conditions wide;
  wide.least_latency = 10ms;
  wide.most_latency = 20ms;
  wide.jitter = 1ms;
  both.network.set_usual_conditions(wide);
  std::set<duration> seen;
  for (int i = 0; i < 20; ++i) {
    auto made = both.connect();
    const auto sent = both.time.now();
    CHECK(made.near.send("x") == 1U);
    CHECK(made.far.read() == std::string{"x"});
    const auto took = both.time.now() - sent;
    CHECK(took >= 10ms);
    CHECK(took <= 21ms + tick);
    seen.insert(took);
  }
  CHECK(seen.size() > 15);
  CHECK(*seen.rbegin() - *seen.begin() > 4ms);
}

TEST_CASE("Jitter makes a connection's pieces take more or less long, by no more than it is") {
  two_hosts both;
  auto jittery = both.exactly(10ms);
  jittery.jitter = 5ms;
  both.network.set_usual_conditions(jittery);
  auto made = both.connect();
  std::set<duration> seen;
  for (int i = 0; i < 20; ++i) {
    const auto sent = both.time.now();
    CHECK(made.near.send("x") == 1U);
    CHECK(made.far.read() == std::string{"x"});
    seen.insert(both.time.now() - sent);
  }
  CHECK(*seen.begin() >= 10ms);
  CHECK(*seen.rbegin() <= 15ms + tick);
  CHECK(*seen.rbegin() - *seen.begin() > 2ms);
}

TEST_CASE("The open connections between two hosts can be had, whoever of them connected") {
  two_hosts both;
  auto& third = both.network.add_host("third");
  auto kept = both.connect();
  {
    auto closed = both.connect();
    CHECK(both.network.connections(both.client, both.server).size() == 2);
    closed.near.stream().close();
    closed.far.stream().close();
  }
  const auto found = both.network.connections(both.server, both.client);
  REQUIRE(found.size() == 1);
  CHECK(found.front()->number() == 1);
  CHECK(&found.front()->from() == &both.client);
  CHECK(&found.front()->to() == &both.server);
  CHECK(both.network.connections(both.server, third).empty());
}

TEST_CASE("A link of so many bytes a second passes no more, all connections together, each way by itself") {
  two_hosts both;
  auto narrow = both.exactly(10ms);
  narrow.bytes_per_second = 1000;
  both.network.set_conditions(both.client, both.server, narrow);
  auto one = both.connect();
  auto other = both.connect();
  const auto start = both.time.now();
  CHECK(one.near.send(std::string(100, 'a')) == 100U);
  CHECK(other.near.send(std::string(100, 'b')) == 100U);
  CHECK(one.far.send("c") == 1U);
  CHECK(one.near.read() == std::string{"c"});
  CHECK(both.time.now() - start <= 12ms);
  CHECK(one.far.read()->size() == 100);
  CHECK(both.time.now() - start >= 110ms);
  CHECK(both.time.now() - start <= 111ms);
  CHECK(other.far.read()->size() == 100);
  CHECK(both.time.now() - start >= 210ms);
  CHECK(both.time.now() - start <= 211ms);
}

TEST_CASE("A link's own conditions hold for it alone, also on connections that are open") {
  two_hosts both;
  auto& third = both.network.add_host("third");
  both.network.set_usual_conditions(both.exactly(1ms));
  auto made = both.connect();
  both.network.set_conditions(both.client, both.server, both.exactly(500ms));
  const auto start = both.time.now();
  CHECK(made.near.send("x") == 1U);
  CHECK(made.far.read() == std::string{"x"});
  CHECK(both.time.now() - start >= 500ms);
  const auto then = both.time.now();
  CHECK(both.time.run(both.network.reach(third).connect(both.where(), deadline::never())).has_value());
  CHECK(both.time.now() - then <= 3ms);
}

TEST_CASE("A link may cut messages at every byte, and hold little") {
  two_hosts both;
  auto cutting = both.exactly(0ms);
  cutting.largest_read = 1;
  cutting.capacity = 2;
  both.network.set_usual_conditions(cutting);
  auto made = both.connect();
  CHECK(both.time.run(write_once(made.near.stream(), "abc")) == 2U);
  CHECK(made.far.read() == std::string{"a"});
  CHECK(made.far.read() == std::string{"b"});
}

// ---- names

addresses resolved(two_hosts& both, const std::string& name, duration at_most = 1min) {
  return both.time.run(both.network.reach(both.client).resolve(name, 80, deadline::after(both.time.now(), at_most)));
}

TEST_CASE("A host's name leads to it, an address to itself, another name to nothing") {
  two_hosts both;
  CHECK(*resolved(both, "server") == std::vector{both.where()});
  CHECK(*resolved(both, "198.51.100.7") == std::vector{net::endpoint{asio::ip::make_address("198.51.100.7"), 80}});
  CHECK(resolved(both, "nowhere").error() == error::host_not_found);
}

TEST_CASE("A name may lead to several addresses, to others, and to none any more") {
  two_hosts both;
  auto& second = both.network.add_host("second");
  both.network.add_address("server", second.address);
  both.network.add_address("server", second.address);
  CHECK(*resolved(both, "server") == std::vector{both.where(), at(second, 80)});
  both.network.remove_address("server", both.server.address);
  CHECK(*resolved(both, "server") == std::vector{at(second, 80)});
  both.network.set_addresses("server", {});
  CHECK(resolved(both, "server").error() == error::host_not_found);
}

TEST_CASE("A slow resolver takes its time, ends with the deadline, and can be cancelled") {
  two_hosts both;
  both.network.slow_name("server", 100ms, 200ms);
  const auto start = both.time.now();
  CHECK(resolved(both, "server").has_value());
  CHECK(both.time.now() - start >= 100ms);
  CHECK(both.time.now() - start <= 200ms + tick);
  CHECK(resolved(both, "server", 50ms).error() == error::timed_out);
  lone_task<addresses> resolving{both.time, both.network.reach(both.client).resolve("server", 80, deadline::never())};
  resolving.cancel();
  REQUIRE(resolving.ended());
  CHECK((resolving.ended_by_cancellation() || resolving.outcome().value->error() == error::operation_aborted));
}

TEST_CASE("A resolver may fail for a name, until it does not") {
  two_hosts both;
  both.network.fail_name("server");
  CHECK(resolved(both, "server").error() == error::host_not_found_try_again);
  both.network.fail_name("server", false);
  CHECK(resolved(both, "server").has_value());
}

// ---- runs

std::uint64_t hash_of_run(std::uint64_t seed) {
  two_hosts both{seed, trace::keeping::hash};
  auto made = both.connect();
  for (int i = 0; i < 5; ++i) {
    CHECK(made.near.send("ping") == 4U);
    CHECK(made.far.read() == std::string{"ping"});
  }
  return both.events.hash();
}

TEST_CASE("The same seed gives the same run, another seed another") {
  CHECK(hash_of_run(1) == hash_of_run(1));
  CHECK(hash_of_run(1) != hash_of_run(2));
}

TEST_CASE("The timeline tells of connections, bytes, closing, names and refusals") {
  two_hosts both;
  both.network.set_usual_conditions(both.exactly(10ms));
  {
    auto made = both.connect();
    CHECK(made.near.send("GET / HTTP/1.1\r\n\r\n") == 18U);
    CHECK(made.far.read().has_value());
    made.near.stream().close();
    net::reset_memory_stream(made.far.stream());
  }
  CHECK(resolved(both, "server").has_value());
  both.listener->close();
  CHECK(both.connect_error() == error::connection_refused);
  std::vector<std::string> told;
  for (const auto& line : both.events.timeline()) told.push_back(line.substr(line.find("ms  ") + 4));
  CHECK(told == std::vector<std::string>{"client → server:80 #1  connect", "server → client #1  accepted",
                                         "client → server #1  GET / HTTP/1.1 (18 B)", "client → server #1  closed",
                                         "server → client #1  reset",
                                         "client  dns server: " + both.server.address.to_string(),
                                         "client → server:80 #2  connect", "server → client #2  refused"});
}

struct noted final : connection_observer {
  void on_opened(const connection& which) override { add(which, "opened"); }
  void on_sent(const connection& which, net::pipe_side from, std::string_view bytes) override {
    add(which, std::to_string(from) + " sent " + std::string{bytes});
  }
  void on_read(const connection& which, net::pipe_side by, std::string_view bytes) override {
    add(which, std::to_string(by) + " read " + std::string{bytes});
  }
  void on_closed(const connection& which, net::pipe_side by) override { add(which, std::to_string(by) + " closed"); }
  void add(const connection& which, const std::string& what) {
    entries.push_back(which.from().name + ">" + which.to().name + ":" + std::to_string(which.port()) + " " + what);
  }
  std::vector<std::string> entries;
};

TEST_CASE("An observer is told what both ends do") {
  two_hosts both;
  noted seen;
  both.network.observe(seen);
  {
    auto made = both.connect();
    CHECK(made.far.send("hello") == 5U);
    CHECK(made.near.read().has_value());
    CHECK(both.network.open_connections() == 1);
    made.far.stream().close();
    CHECK(both.network.open_connections() == 1);
  }
  CHECK(both.network.open_connections() == 0);
  const std::string who = "client>server:80 ";
  CHECK(seen.entries ==
        std::vector{who + "opened", who + "1 sent hello", who + "0 read hello", who + "1 closed", who + "0 closed"});
}

TEST_CASE("A network may go before its connections and listeners") {
  virtual_time time;
  trace events{time.now()};
  std::optional<sim::network> network;
  network.emplace(time.main_loop(), events);
  auto& here = network->add_host("here");
  auto listener = network->listen(here, 80);
  auto near = time.run(network->reach(here).connect({here.address, 80}, deadline::never()));
  REQUIRE(near.has_value());
  network.reset();
  const auto before = events.events();
  peer left{time, std::move(*near)};
  CHECK(left.send("anybody?") == 8U);
  left.stream().close();
  listener->close();
  CHECK(events.events() == before);
}

}  // namespace
}  // namespace cohort::sim
