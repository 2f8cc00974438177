// SPDX-License-Identifier: BSL-1.0
// Tests the effects of each fault of the simulated network on both ends of a connection.
#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/sim/two_host_fixture.hpp"

namespace cohort::sim {
namespace {

using namespace cohort::test;
namespace error = asio::error;

std::shared_ptr<connection> only_connection(two_host_fixture& fixture) {
  const auto all = fixture.network.connections(fixture.server, fixture.client);
  REQUIRE(all.size() == 1);
  return all.front();
}

TEST_CASE("network faults: a host that refuses connections keeps its open connections", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  fixture.network.refuse_connections(fixture.server);
  CHECK(fixture.connect_error() == error::connection_refused);
  CHECK(peers.client.send("x") == 1U);
  CHECK(peers.server.read() == std::string{"x"});
  fixture.network.refuse_connections(fixture.server, false);
  fixture.connect();
}

TEST_CASE("network faults: a connection attempt to a black hole times out at its deadline", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.black_hole_connections(fixture.server);
  const auto start = fixture.time.now();
  CHECK(fixture.connect_error(3s) == error::timed_out);
  CHECK(fixture.time.now() - start >= 3s);
}

TEST_CASE("network faults: a pending connection attempt succeeds at a retransmission after the black hole is removed",
          "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.black_hole_connections(fixture.server);
  spawned_task<connect_result> pending_connect{fixture.time, fixture.connect_task()};
  fixture.time.run_for(2s);
  CHECK_FALSE(pending_connect.ended());
  fixture.network.black_hole_connections(fixture.server, false);
  fixture.time.run_for(2s + 10ms);
  REQUIRE(pending_connect.ended());
  CHECK(pending_connect.outcome().value->has_value());
}

TEST_CASE("network faults: a connection attempt to a black hole can be cancelled", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.black_hole_connections(fixture.server);
  spawned_task<connect_result> pending_connect{fixture.time, fixture.connect_task()};
  pending_connect.cancel();
  CHECK(pending_connect.ended());
}

TEST_CASE("network faults: reset breaks a connection at both ends", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  only_connection(fixture)->reset();
  CHECK(peers.client.read().error() == error::connection_reset);
  CHECK(peers.server.read().error() == error::connection_reset);
  CHECK(peers.server.send("?").error() == error::broken_pipe);
}

TEST_CASE("network faults: reset_after breaks a connection after the sender has sent the given number of bytes",
          "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  const bool is_client_sender = GENERATE(true, false);
  auto& sender = is_client_sender ? peers.client : peers.server;
  auto& receiver = is_client_sender ? peers.server : peers.client;
  only_connection(fixture)->reset_after(is_client_sender ? fixture.client : fixture.server, 5);
  CHECK(receiver.send("any number of bytes") == 19U);
  CHECK(sender.send("abcdefgh") == 8U);
  CHECK(receiver.read_to_end() == "abcde");
  CHECK(receiver.last_error() == error::connection_reset);
  CHECK(sender.read() == std::string{"any number of bytes"});
  CHECK(sender.read().error() == error::connection_reset);
}

TEST_CASE("network faults: on_connection can break a connection before its first byte", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.on_connection([&](connection& connection) { connection.reset_after(fixture.server, 0); });
  auto peers = fixture.connect();
  CHECK(peers.client.send("question") == 8U);
  CHECK(peers.server.read() == std::string{"question"});
  CHECK(peers.server.send("answer") == 6U);
  CHECK(peers.client.read().error() == error::connection_reset);
}

TEST_CASE("network faults: a half-open connection delivers no data and notifies neither end", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  only_connection(fixture)->make_half_open();
  CHECK(peers.client.send("x") == 1U);
  CHECK(peers.server.send("y") == 1U);
  CHECK(fixture.read_error(peers.client, 1h) == error::timed_out);
  CHECK(fixture.read_error(peers.server, 1h) == error::timed_out);
  net::reset_memory_stream(peers.server.stream());
  CHECK(fixture.read_error(peers.client, 1h) == error::timed_out);
  CHECK(peers.client.send("z") == 1U);
}

TEST_CASE("network faults: writes to a half-open connection wait once its buffer is full", "[sim][network]") {
  two_host_fixture fixture;
  link_conditions conditions;
  conditions.capacity = 3;
  fixture.network.set_default_conditions(conditions);
  auto peers = fixture.connect();
  only_connection(fixture)->make_half_open();
  CHECK(fixture.time.run(write_once(peers.client.stream(), "abcd")) == 3U);
  fixture.time.run(set_stream_deadline(peers.client.stream(), deadline::after(fixture.time.now(), 1s)));
  CHECK(peers.client.send("d").error() == error::timed_out);
}

TEST_CASE("network faults: a partition delays data until it heals, and loses no data", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  fixture.network.partition(fixture.client, fixture.server);
  CHECK(peers.client.send("question") == 8U);
  CHECK(peers.server.send("news") == 4U);
  CHECK(fixture.read_error(peers.server, 10s) == error::timed_out);
  CHECK(fixture.read_error(peers.client, 10s) == error::timed_out);
  fixture.network.heal(fixture.server, fixture.client);
  const auto heal_time = fixture.time.now();
  CHECK(peers.server.read() == std::string{"question"});
  CHECK(peers.client.read() == std::string{"news"});
  // The bytes are delivered at a retransmission, after at most the duration of the partition.
  CHECK(fixture.time.now() - heal_time <= 20s + 1ms);
  CHECK(peers.server.send("answer") == 6U);
  CHECK(peers.client.read() == std::string{"answer"});
}

TEST_CASE("network faults: a connection attempt over a partition succeeds after heal()", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.partition(fixture.client, fixture.server);
  CHECK(fixture.connect_error(5s) == error::timed_out);
  spawned_task<connect_result> pending_connect{fixture.time, fixture.connect_task()};
  fixture.time.run_for(5s);
  CHECK_FALSE(pending_connect.ended());
  fixture.network.heal(fixture.client, fixture.server);
  fixture.time.run_for(5s + 1ms);
  REQUIRE(pending_connect.ended());
  CHECK(pending_connect.outcome().value->has_value());
}

TEST_CASE("network faults: a partition affects its two hosts only", "[sim][network]") {
  two_host_fixture fixture;
  auto& third = fixture.network.add_host("third");
  fixture.network.partition(fixture.client, fixture.server);
  CHECK(fixture.time.run(fixture.network.network_for(third).connect(fixture.server_endpoint(), deadline::never()))
            .has_value());
}

TEST_CASE("network faults: a partition that starts directly after heal() delivers no data", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  fixture.network.partition(fixture.client, fixture.server);
  CHECK(peers.client.send("question") == 8U);
  fixture.time.run_for(10s);
  fixture.network.heal(fixture.client, fixture.server);
  fixture.network.partition(fixture.client, fixture.server);
  CHECK(fixture.read_error(peers.server, 1min) == error::timed_out);
}

TEST_CASE("network faults: kill resets the host's connections and disables its network", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  auto& old_network = fixture.network.network_for(fixture.server);
  CHECK(peers.server.send("last bytes") == 10U);
  spawned_task<connect_result> pending_accept{fixture.time, accept_on_loop(*fixture.listener)};
  fixture.network.kill(fixture.server);
  fixture.time.run_for(0s);
  CHECK(pending_accept.outcome().value->error() == error::operation_aborted);
  CHECK(peers.server.read().error() == error::operation_aborted);
  CHECK(peers.client.read() == std::string{"last bytes"});
  CHECK(peers.client.read().error() == error::connection_reset);
  CHECK(fixture.connect_error() == error::connection_refused);
  CHECK(fixture.time.run(old_network.connect(fixture.server_endpoint(), deadline::never())).error() ==
        error::network_down);
  CHECK(fixture.time.run(old_network.resolve("client", 80, deadline::never())).error() == error::network_down);

  fixture.network.restart(fixture.server);
  CHECK(fixture.connect_error() == error::connection_refused);
  fixture.listener = fixture.network.listen(fixture.server, 80);
  fixture.connect();
  CHECK(fixture.time.run(old_network.connect(fixture.server_endpoint(), deadline::never())).error() ==
        error::network_down);
}

TEST_CASE("network faults: kill aborts the host's pending connection attempts", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.set_default_conditions(fixture.constant_latency(10ms));
  const bool is_black_hole = GENERATE(false, true);
  fixture.network.black_hole_connections(fixture.server, is_black_hole);
  spawned_task<connect_result> pending_connect{fixture.time, fixture.connect_task()};
  fixture.time.run_for(5ms);
  fixture.network.kill(fixture.client);
  fixture.time.run_for(1s);
  REQUIRE(pending_connect.ended());
  CHECK(pending_connect.outcome().value->error() == error::network_down);
}

TEST_CASE("network faults: kill resets connections that the host has not accepted yet", "[sim][network]") {
  two_host_fixture fixture;
  peer client{fixture.time, *fixture.time.run(fixture.connect_task())};
  fixture.network.kill(fixture.server);
  CHECK(client.read().error() == error::connection_reset);
}

TEST_CASE("network faults: power_off leaves half-open connections and unanswered connection attempts",
          "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  fixture.network.power_off(fixture.server);
  CHECK(peers.server.read().error() == error::operation_aborted);
  CHECK(peers.client.send("question") == 8U);
  CHECK(fixture.read_error(peers.client, 1min) == error::timed_out);
  CHECK(fixture.connect_error(1min) == error::timed_out);

  // The restarted host has no record of the connection and resets it.
  fixture.network.restart(fixture.server);
  CHECK(fixture.read_error(peers.client, 10min) == error::connection_reset);
}

TEST_CASE("network faults: power_off of the client's host leaves half-open connections", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  fixture.network.power_off(fixture.client);
  CHECK(peers.server.send("news") == 4U);
  CHECK(fixture.read_error(peers.server, 1min) == error::timed_out);
  fixture.network.restart(fixture.client);
  CHECK(fixture.read_error(peers.server, 10min) == error::connection_reset);
}

TEST_CASE("network faults: a connection attempt to a powered-off host succeeds after restart", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.power_off(fixture.server);
  spawned_task<connect_result> pending_connect{fixture.time, fixture.connect_task()};
  fixture.time.run_for(5s);
  CHECK_FALSE(pending_connect.ended());
  fixture.network.restart(fixture.server);
  fixture.listener = fixture.network.listen(fixture.server, 80);
  fixture.time.run_for(5s + 1ms);
  REQUIRE(pending_connect.ended());
  CHECK(pending_connect.outcome().value->has_value());
}

TEST_CASE("network faults: a restarted host can open connections", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.kill(fixture.client);
  CHECK(fixture.connect_error() == error::network_down);
  fixture.network.restart(fixture.client);
  fixture.connect();
}

TEST_CASE("network faults: connection attempts of a killed host fail immediately", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.kill(fixture.client);
  const auto start = fixture.time.now();
  CHECK(fixture.connect_error() == error::network_down);
  const net::endpoint unused_endpoint{asio::ip::make_address("203.0.113.1"), 80};
  CHECK(fixture.time.run(fixture.network.network_for(fixture.client).connect(unused_endpoint, deadline::never()))
            .error() == error::network_down);
  CHECK(fixture.time.now() == start);
}

TEST_CASE("network faults: a partition delays a connection attempt in progress", "[sim][network]") {
  two_host_fixture fixture;
  fixture.network.set_default_conditions(fixture.constant_latency(10ms));
  spawned_task<connect_result> pending_connect{fixture.time, fixture.connect_task()};
  fixture.time.run_for(15ms);
  fixture.network.partition(fixture.client, fixture.server);
  fixture.time.run_for(5s);
  CHECK_FALSE(pending_connect.ended());
  fixture.network.heal(fixture.client, fixture.server);
  fixture.time.run_for(10s);
  REQUIRE(pending_connect.ended());
  CHECK(pending_connect.outcome().value->has_value());
}

TEST_CASE("network faults: held bytes are delivered at a retransmission after heal()", "[sim][network]") {
  duration longest{};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    two_host_fixture fixture{seed};
    auto peers = fixture.connect();
    fixture.network.partition(fixture.client, fixture.server);
    CHECK(peers.client.send("question") == 8U);
    fixture.time.run_for(10s);
    fixture.network.heal(fixture.server, fixture.client);
    const auto heal_time = fixture.time.now();
    CHECK(peers.server.read() == std::string{"question"});
    longest = std::max(longest, fixture.time.now() - heal_time);
  }
  CHECK(longest > 5s);
  CHECK(longest <= 10s + 1ms);
}

TEST_CASE("network faults: a pending connection attempt succeeds at a retransmission after heal()", "[sim][network]") {
  duration longest{};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    two_host_fixture fixture{seed};
    fixture.network.partition(fixture.client, fixture.server);
    spawned_task<connect_result> pending_connect{fixture.time, fixture.connect_task()};
    fixture.time.run_for(10s);
    fixture.network.heal(fixture.client, fixture.server);
    const auto heal_time = fixture.time.now();
    while (!pending_connect.ended()) fixture.time.run_for(10ms);
    longest = std::max(longest, fixture.time.now() - heal_time);
  }
  CHECK(longest > 5s);
  CHECK(longest <= 10s + 20ms);
}

TEST_CASE("network faults: a second partition also holds bytes", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  fixture.network.partition(fixture.client, fixture.server);
  fixture.time.run_for(1s);
  fixture.network.heal(fixture.server, fixture.client);
  fixture.time.run_for(10s);
  fixture.network.partition(fixture.client, fixture.server);
  CHECK(peers.client.send("question") == 8U);
  CHECK(fixture.read_error(peers.server, 1h) == error::timed_out);
}

TEST_CASE("network faults: a host that restarts behind a partition resets connections after heal()", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  fixture.network.power_off(fixture.server);
  CHECK(peers.client.send("question") == 8U);
  fixture.network.partition(fixture.client, fixture.server);
  fixture.network.restart(fixture.server);
  CHECK(fixture.read_error(peers.client, 10min) == error::timed_out);
  fixture.network.heal(fixture.client, fixture.server);
  CHECK(fixture.read_error(peers.client, 30min) == error::connection_reset);
}

TEST_CASE("network faults: faults are logged", "[sim][network]") {
  two_host_fixture fixture;
  auto peers = fixture.connect();
  const auto earlier_lines = fixture.events.timeline().size();
  only_connection(fixture)->reset_after(fixture.server, 5);
  only_connection(fixture)->make_half_open();
  only_connection(fixture)->reset();
  fixture.network.partition(fixture.client, fixture.server);
  fixture.network.heal(fixture.client, fixture.server);
  fixture.network.refuse_connections(fixture.server);
  fixture.network.black_hole_connections(fixture.server);
  fixture.network.set_resolve_delay("server", 1s, 2s);
  fixture.network.fail_resolution("server");
  fixture.network.set_conditions(fixture.client, fixture.server, {});
  fixture.network.kill(fixture.client);
  fixture.network.restart(fixture.client);
  std::vector<std::string> lines;
  for (const auto& line : fixture.events.timeline()) lines.push_back(line.substr(line.find("ms  ") + 4));
  lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(earlier_lines));
  CHECK(lines == std::vector<std::string>{"client → server  fault reset #1 after 5 B from server",
                                          "client → server  fault half-open #1", "client → server  fault reset #1",
                                          "client → server  fault partitioned", "client → server  fault healed",
                                          "server  fault refuses connections", "server  fault black-holes connections",
                                          "server  fault resolve delay changed", "server  fault resolution fails",
                                          "client → server  fault conditions changed", "client  fault killed",
                                          "client → server #1  reset", "client  fault restarted"});
}

}  // namespace
}  // namespace cohort::sim
