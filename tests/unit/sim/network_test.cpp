// SPDX-License-Identifier: BSL-1.0
#include <cohort/sim/network.hpp>

#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/sim/two_host_fixture.hpp"

namespace cohort::sim {
namespace {

using namespace cohort::test;
namespace error = asio::error;
using resolve_result = result<std::vector<net::endpoint>>;

net::endpoint endpoint_of(const host& server, std::uint16_t port) { return {server.address, port}; }

TEST_CASE("network: hosts have distinct addresses, which are the peer addresses of their connections",
          "[sim][network]") {
  two_host_fixture fixture;
  CHECK(fixture.client.address != fixture.server.address);
  auto peers = fixture.connect();
  CHECK(peers.client.stream().peer_address() == fixture.server.address.to_string());
  CHECK(peers.server.stream().peer_address() == fixture.client.address.to_string());
  CHECK(peers.client.send("question") == 8U);
  CHECK(peers.server.read() == std::string{"question"});
  CHECK(peers.server.send("answer") == 6U);
  CHECK(peers.client.read() == std::string{"answer"});
}

TEST_CASE("network: a connection attempt without a listener is refused after one round trip", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.set_default_conditions(fixture.constant_latency(10ms));
  const auto start = fixture.time.now();
  const net::endpoint closed_port = endpoint_of(fixture.server, 81);
  CHECK(fixture.time.run(fixture.network.network_for(fixture.client).connect(closed_port, deadline::never())).error() ==
        error::connection_refused);
  CHECK(fixture.time.now() - start >= 20ms);
  CHECK(fixture.time.now() - start < 21ms);
  fixture.listener->close();
  CHECK(fixture.connect_error() == error::connection_refused);
}

TEST_CASE("network: a connection attempt times out at its deadline, and ends when cancelled", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.set_default_conditions(fixture.constant_latency(10ms));
  const auto start = fixture.time.now();
  CHECK(fixture.connect_error(15ms) == error::timed_out);
  CHECK(fixture.time.now() - start < 16ms);

  spawned_task<connect_result> pending_connect{fixture.time, fixture.connect_task()};
  pending_connect.cancel();
  REQUIRE(pending_connect.ended());
  CHECK((pending_connect.ended_by_cancellation() ||
         pending_connect.outcome().value->error() == error::operation_aborted));
}

TEST_CASE("network: a connection attempt to an unused address times out", "[sim][network]") {
  two_host_fixture fixture;
  const net::endpoint unused_endpoint{asio::ip::make_address("203.0.113.1"), 80};
  const auto connect_deadline = deadline::after(fixture.time.now(), 3s);
  CHECK(fixture.time.run(fixture.network.network_for(fixture.client).connect(unused_endpoint, connect_deadline))
            .error() == error::timed_out);
}

TEST_CASE("network: each connection has its own base latency within the link's range, plus jitter", "[sim][network]") {
  two_host_fixture fixture;
  link_conditions conditions;
  conditions.min_latency = 10ms;
  conditions.max_latency = 20ms;
  conditions.jitter = 1ms;
  fixture.network.set_default_conditions(conditions);
  std::set<duration> latencies;
  for (int i = 0; i < 20; ++i) {
    auto peers = fixture.connect();
    const auto sent = fixture.time.now();
    CHECK(peers.client.send("x") == 1U);
    CHECK(peers.server.read() == std::string{"x"});
    const auto latency = fixture.time.now() - sent;
    CHECK(latency >= 10ms);
    CHECK(latency <= 21ms + tick);
    latencies.insert(latency);
  }
  CHECK(latencies.size() > 15);
  CHECK(*latencies.rbegin() - *latencies.begin() > 4ms);
}

TEST_CASE("network: jitter varies the latency of each segment up to its maximum", "[sim][network]") {
  two_host_fixture fixture;
  auto conditions = fixture.constant_latency(10ms);
  conditions.jitter = 5ms;
  fixture.network.set_default_conditions(conditions);
  auto peers = fixture.connect();
  std::set<duration> latencies;
  for (int i = 0; i < 20; ++i) {
    const auto sent = fixture.time.now();
    CHECK(peers.client.send("x") == 1U);
    CHECK(peers.server.read() == std::string{"x"});
    latencies.insert(fixture.time.now() - sent);
  }
  CHECK(*latencies.begin() >= 10ms);
  CHECK(*latencies.rbegin() <= 15ms + tick);
  CHECK(*latencies.rbegin() - *latencies.begin() > 2ms);
}

TEST_CASE("network: connections() returns the open connections in either direction", "[sim][network]") {
  two_host_fixture fixture;
  auto& third = fixture.network.add_host("third");
  auto open_connection = fixture.connect();
  {
    auto closed_connection = fixture.connect();
    CHECK(fixture.network.connections(fixture.client, fixture.server).size() == 2);
    closed_connection.client.stream().close();
    closed_connection.server.stream().close();
  }
  const auto found = fixture.network.connections(fixture.server, fixture.client);
  REQUIRE(found.size() == 1);
  CHECK(found.front()->id() == 1);
  CHECK(&found.front()->client() == &fixture.client);
  CHECK(&found.front()->server() == &fixture.server);
  CHECK(fixture.network.connections(fixture.server, third).empty());
}

TEST_CASE("network: the bandwidth of each direction is shared by all connections of a link", "[sim][network]") {
  two_host_fixture fixture;
  auto conditions = fixture.constant_latency(10ms);
  conditions.bytes_per_second = 1000;
  fixture.network.set_conditions(fixture.client, fixture.server, conditions);
  auto first = fixture.connect();
  auto second = fixture.connect();
  const auto start = fixture.time.now();
  CHECK(first.client.send(std::string(100, 'a')) == 100U);
  CHECK(second.client.send(std::string(100, 'b')) == 100U);
  CHECK(first.server.send("c") == 1U);
  CHECK(first.client.read() == std::string{"c"});
  CHECK(fixture.time.now() - start <= 12ms);
  CHECK(first.server.read()->size() == 100);
  CHECK(fixture.time.now() - start >= 110ms);
  CHECK(fixture.time.now() - start <= 111ms);
  CHECK(second.server.read()->size() == 100);
  CHECK(fixture.time.now() - start >= 210ms);
  CHECK(fixture.time.now() - start <= 211ms);
}

TEST_CASE("network: set_conditions affects one link, including its open connections", "[sim][network]") {
  two_host_fixture fixture;
  auto& third = fixture.network.add_host("third");
  fixture.network.set_default_conditions(fixture.constant_latency(1ms));
  auto peers = fixture.connect();
  fixture.network.set_conditions(fixture.client, fixture.server, fixture.constant_latency(500ms));
  const auto start = fixture.time.now();
  CHECK(peers.client.send("x") == 1U);
  CHECK(peers.server.read() == std::string{"x"});
  CHECK(fixture.time.now() - start >= 500ms);
  const auto second_start = fixture.time.now();
  CHECK(fixture.time.run(fixture.network.network_for(third).connect(fixture.server_endpoint(), deadline::never()))
            .has_value());
  CHECK(fixture.time.now() - second_start <= 3ms);
}

TEST_CASE("network: max_read_size limits a read, and capacity limits the bytes in flight", "[sim][network]") {
  two_host_fixture fixture;
  auto conditions = fixture.constant_latency(0ms);
  conditions.max_read_size = 1;
  conditions.capacity = 2;
  fixture.network.set_default_conditions(conditions);
  auto peers = fixture.connect();
  CHECK(fixture.time.run(write_once(peers.client.stream(), "abc")) == 2U);
  CHECK(peers.server.read() == std::string{"a"});
  CHECK(peers.server.read() == std::string{"b"});
}

// Name resolution

resolve_result resolve(two_host_fixture& fixture, const std::string& name, duration timeout = 1min) {
  return fixture.time.run(
      fixture.network.network_for(fixture.client).resolve(name, 80, deadline::after(fixture.time.now(), timeout)));
}

TEST_CASE("network: names of hosts and address literals resolve, but not unknown names", "[sim][network]") {
  two_host_fixture fixture;
  CHECK(*resolve(fixture, "server") == std::vector{fixture.server_endpoint()});
  CHECK(*resolve(fixture, "198.51.100.7") == std::vector{net::endpoint{asio::ip::make_address("198.51.100.7"), 80}});
  CHECK(resolve(fixture, "nowhere").error() == error::host_not_found);
}

TEST_CASE("network: a name resolves to its configured addresses", "[sim][network]") {
  two_host_fixture fixture;
  auto& second = fixture.network.add_host("second");
  fixture.network.add_address("server", second.address);
  fixture.network.add_address("server", second.address);
  CHECK(*resolve(fixture, "server") == std::vector{fixture.server_endpoint(), endpoint_of(second, 80)});
  fixture.network.remove_address("server", fixture.server.address);
  CHECK(*resolve(fixture, "server") == std::vector{endpoint_of(second, 80)});
  fixture.network.set_addresses("server", {});
  CHECK(resolve(fixture, "server").error() == error::host_not_found);
}

TEST_CASE("network: a delayed lookup times out at its deadline, and ends when cancelled", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.set_resolve_delay("server", 100ms, 200ms);
  const auto start = fixture.time.now();
  CHECK(resolve(fixture, "server").has_value());
  CHECK(fixture.time.now() - start >= 100ms);
  CHECK(fixture.time.now() - start <= 200ms + tick);
  CHECK(resolve(fixture, "server", 50ms).error() == error::timed_out);
  spawned_task<resolve_result> lookup_task{
      fixture.time, fixture.network.network_for(fixture.client).resolve("server", 80, deadline::never())};
  lookup_task.cancel();
  REQUIRE(lookup_task.ended());
  CHECK((lookup_task.ended_by_cancellation() || lookup_task.outcome().value->error() == error::operation_aborted));
}

TEST_CASE("network: fail_resolution applies until it is removed", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.fail_resolution("server");
  CHECK(resolve(fixture, "server").error() == error::host_not_found_try_again);
  fixture.network.fail_resolution("server", false);
  CHECK(resolve(fixture, "server").has_value());
}

// Complete runs

std::uint64_t hash_of_messages(std::uint64_t seed) {
  two_host_fixture fixture{seed, event_log::mode::hash};
  auto peers = fixture.connect();
  for (int i = 0; i < 5; ++i) {
    CHECK(peers.client.send("ping") == 4U);
    CHECK(peers.server.read() == std::string{"ping"});
  }
  return fixture.events.hash();
}

TEST_CASE("network: the event hash depends on the seed only", "[sim][network]") {
  CHECK(hash_of_messages(1) == hash_of_messages(1));
  CHECK(hash_of_messages(1) != hash_of_messages(2));
}

TEST_CASE("network: connection attempts, bytes, closes, lookups and refusals are logged", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.set_default_conditions(fixture.constant_latency(10ms));
  {
    auto peers = fixture.connect();
    CHECK(peers.client.send("GET / HTTP/1.1\r\n\r\n") == 18U);
    CHECK(peers.server.read().has_value());
    peers.client.stream().close();
    net::reset_memory_stream(peers.server.stream());
  }
  CHECK(resolve(fixture, "server").has_value());
  fixture.listener->close();
  CHECK(fixture.connect_error() == error::connection_refused);
  std::vector<std::string> lines;
  for (const auto& line : fixture.events.timeline()) lines.push_back(line.substr(line.find("ms  ") + 4));
  CHECK(lines == std::vector<std::string>{"client → server:80 #1  connect", "server → client #1  accepted",
                                          "client → server #1  GET / HTTP/1.1 (18 B)", "client → server #1  closed",
                                          "server → client #1  reset",
                                          "client  dns server: " + fixture.server.address.to_string(),
                                          "client → server:80 #2  connect", "server → client #2  refused"});
}

struct recording_observer final : connection_observer {
  void on_opened(const connection& connection) override { add(connection, "opened"); }
  void on_sent(const connection& connection, net::pipe_side sender, std::string_view bytes) override {
    add(connection, std::to_string(sender) + " sent " + std::string{bytes});
  }
  void on_read(const connection& connection, net::pipe_side reader, std::string_view bytes) override {
    add(connection, std::to_string(reader) + " read " + std::string{bytes});
  }
  void on_closed(const connection& connection, net::pipe_side side) override {
    add(connection, std::to_string(side) + " closed");
  }
  void add(const connection& subject, const std::string& description) {
    entries.push_back(subject.client().name + ">" + subject.server().name + ":" + std::to_string(subject.port()) + " " +
                      description);
  }
  std::vector<std::string> entries;
};

TEST_CASE("network: an observer is notified of the events of both ends", "[sim][network]") {
  two_host_fixture fixture;
  recording_observer observer;
  fixture.network.add_observer(observer);
  {
    auto peers = fixture.connect();
    CHECK(peers.server.send("hello") == 5U);
    CHECK(peers.client.read().has_value());
    CHECK(fixture.network.open_connections() == 1);
    peers.server.stream().close();
    CHECK(fixture.network.open_connections() == 1);
  }
  CHECK(fixture.network.open_connections() == 0);
  const std::string prefix = "client>server:80 ";
  CHECK(observer.entries == std::vector{prefix + "opened", prefix + "1 sent hello", prefix + "0 read hello",
                                        prefix + "1 closed", prefix + "0 closed"});
}

TEST_CASE("network: connections and listeners may outlive the network", "[sim][network]") {
  virtual_time time;
  event_log events{time.now()};
  std::optional<sim::network> network;
  network.emplace(time.event_loop(), events);
  auto& only_host = network->add_host("host");
  auto listener = network->listen(only_host, 80);
  auto stream = time.run(network->network_for(only_host).connect({only_host.address, 80}, deadline::never()));
  REQUIRE(stream.has_value());
  network.reset();
  const auto event_count_before = events.event_count();
  peer client{time, std::move(*stream)};
  CHECK(client.send("request") == 7U);
  client.stream().close();
  listener->close();
  CHECK(events.event_count() == event_count_before);
}

}  // namespace
}  // namespace cohort::sim
