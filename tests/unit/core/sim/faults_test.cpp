// What each fault of the simulated network looks like from both ends.
#include <boost/asio/error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/sim/two_hosts.hpp"

namespace cohort::sim {
namespace {

using namespace cohort::test;
namespace error = asio::error;

std::shared_ptr<connection> only_connection(two_hosts& both) {
  const auto all = both.network.connections(both.server, both.client);
  REQUIRE(all.size() == 1);
  return all.front();
}

TEST_CASE("A host that refuses connections keeps those that it has, and takes new ones when told to") {
  two_hosts both;
  auto made = both.connect();
  both.network.refuse_connections(both.server);
  CHECK(both.connect_error() == error::connection_refused);
  CHECK(made.near.send("x") == 1U);
  CHECK(made.far.read() == std::string{"x"});
  both.network.refuse_connections(both.server, false);
  both.connect();
}

TEST_CASE("A host that swallows connections lets them run into their deadlines") {
  two_hosts both;
  both.network.swallow_connections(both.server);
  const auto start = both.time.now();
  CHECK(both.connect_error(3s) == error::timed_out);
  CHECK(both.time.now() - start >= 3s);
}

TEST_CASE("A connect that was swallowed comes through after the end of that, at a repetition") {
  two_hosts both;
  both.network.swallow_connections(both.server);
  lone_task<connected> connecting{both.time, both.connecting()};
  both.time.run_for(2s);
  CHECK_FALSE(connecting.ended());
  both.network.swallow_connections(both.server, false);
  both.time.run_for(2s + 10ms);
  REQUIRE(connecting.ended());
  CHECK(connecting.outcome().value->has_value());
}

TEST_CASE("A swallowed connect can be cancelled") {
  two_hosts both;
  both.network.swallow_connections(both.server);
  lone_task<connected> connecting{both.time, both.connecting()};
  connecting.cancel();
  CHECK(connecting.ended());
}

TEST_CASE("A connection that is reset breaks at both ends") {
  two_hosts both;
  auto made = both.connect();
  only_connection(both)->reset();
  CHECK(made.near.read().error() == error::connection_reset);
  CHECK(made.far.read().error() == error::connection_reset);
  CHECK(made.far.send("?").error() == error::broken_pipe);
}

TEST_CASE("A connection breaks after so many bytes of the one that was named") {
  two_hosts both;
  auto made = both.connect();
  const bool client_sends = GENERATE(true, false);
  auto& sender = client_sends ? made.near : made.far;
  auto& receiver = client_sends ? made.far : made.near;
  only_connection(both)->reset_after(client_sends ? both.client : both.server, 5);
  CHECK(receiver.send("any number of bytes") == 19U);
  CHECK(sender.send("abcdefgh") == 8U);
  CHECK(receiver.read_to_end() == "abcde");
  CHECK(receiver.ended_by() == error::connection_reset);
  CHECK(sender.read() == std::string{"any number of bytes"});
  CHECK(sender.read().error() == error::connection_reset);
}

TEST_CASE("A connection can be broken from its first byte on") {
  two_hosts both;
  both.network.on_connection([&](connection& which) { which.reset_after(both.server, 0); });
  auto made = both.connect();
  CHECK(made.near.send("question") == 8U);
  CHECK(made.far.read() == std::string{"question"});
  CHECK(made.far.send("answer") == 6U);
  CHECK(made.near.read().error() == error::connection_reset);
}

TEST_CASE("A half-open connection swallows bytes both ways and tells neither end, whatever the other does") {
  two_hosts both;
  auto made = both.connect();
  only_connection(both)->lose();
  CHECK(made.near.send("x") == 1U);
  CHECK(made.far.send("y") == 1U);
  CHECK(both.read_error(made.near, 1h) == error::timed_out);
  CHECK(both.read_error(made.far, 1h) == error::timed_out);
  net::reset_memory_stream(made.far.stream());
  CHECK(both.read_error(made.near, 1h) == error::timed_out);
  CHECK(made.near.send("z") == 1U);
}

TEST_CASE("A half-open connection's buffer fills, and then writes wait") {
  two_hosts both;
  link_conditions small;
  small.capacity = 3;
  both.network.set_usual_conditions(small);
  auto made = both.connect();
  only_connection(both)->lose();
  CHECK(both.time.run(write_once(made.near.stream(), "abcd")) == 3U);
  both.time.run(set_limit(made.near.stream(), deadline::after(both.time.now(), 1s)));
  CHECK(made.near.send("d").error() == error::timed_out);
}

TEST_CASE("A partition lets nothing through, and loses nothing once it heals") {
  two_hosts both;
  auto made = both.connect();
  both.network.partition(both.client, both.server);
  CHECK(made.near.send("question") == 8U);
  CHECK(made.far.send("news") == 4U);
  CHECK(both.read_error(made.far, 10s) == error::timed_out);
  CHECK(both.read_error(made.near, 10s) == error::timed_out);
  both.network.heal(both.server, both.client);
  const auto healed = both.time.now();
  CHECK(made.far.read() == std::string{"question"});
  CHECK(made.near.read() == std::string{"news"});
  // Whoever sent has waited longer and longer between two tries.
  CHECK(both.time.now() - healed <= 20s + 1ms);
  CHECK(made.far.send("answer") == 6U);
  CHECK(made.near.read() == std::string{"answer"});
}

TEST_CASE("Who connects over a partition waits, and gets through when it has healed") {
  two_hosts both;
  both.network.partition(both.client, both.server);
  CHECK(both.connect_error(5s) == error::timed_out);
  lone_task<connected> connecting{both.time, both.connecting()};
  both.time.run_for(5s);
  CHECK_FALSE(connecting.ended());
  both.network.heal(both.client, both.server);
  both.time.run_for(5s + 1ms);
  REQUIRE(connecting.ended());
  CHECK(connecting.outcome().value->has_value());
}

TEST_CASE("A partition concerns two hosts and no others") {
  two_hosts both;
  auto& third = both.network.add_host("third");
  both.network.partition(both.client, both.server);
  CHECK(both.time.run(both.network.reach(third).connect(both.where(), deadline::never())).has_value());
}

TEST_CASE("A partition that comes back before the last one was over holds on") {
  two_hosts both;
  auto made = both.connect();
  both.network.partition(both.client, both.server);
  CHECK(made.near.send("question") == 8U);
  both.time.run_for(10s);
  both.network.heal(both.client, both.server);
  both.network.partition(both.client, both.server);
  CHECK(both.read_error(made.far, 1min) == error::timed_out);
}

TEST_CASE("A killed host resets its connections, has no listener, and reaches nobody") {
  two_hosts both;
  auto made = both.connect();
  auto& old_view = both.network.reach(both.server);
  CHECK(made.far.send("last words") == 10U);
  lone_task<connected> accepting{both.time, accept_here(*both.listener)};
  both.network.kill(both.server);
  both.time.run_for(0s);
  CHECK(accepting.outcome().value->error() == error::operation_aborted);
  CHECK(made.far.read().error() == error::operation_aborted);
  CHECK(made.near.read() == std::string{"last words"});
  CHECK(made.near.read().error() == error::connection_reset);
  CHECK(both.connect_error() == error::connection_refused);
  CHECK(both.time.run(old_view.connect(both.where(), deadline::never())).error() == error::network_down);
  CHECK(both.time.run(old_view.resolve("client", 80, deadline::never())).error() == error::network_down);

  both.network.revive(both.server);
  CHECK(both.connect_error() == error::connection_refused);
  both.listener = both.network.listen(both.server, 80);
  both.connect();
  CHECK(both.time.run(old_view.connect(both.where(), deadline::never())).error() == error::network_down);
}

TEST_CASE("A host that is killed while it connects does not connect") {
  two_hosts both;
  both.network.set_usual_conditions(both.exactly(10ms));
  const bool to_black_hole = GENERATE(false, true);
  both.network.swallow_connections(both.server, to_black_hole);
  lone_task<connected> connecting{both.time, both.connecting()};
  both.time.run_for(5ms);
  both.network.kill(both.client);
  both.time.run_for(1s);
  REQUIRE(connecting.ended());
  CHECK(connecting.outcome().value->error() == error::network_down);
}

TEST_CASE("Connections that a killed host had not accepted yet are reset as well") {
  two_hosts both;
  peer near{both.time, *both.time.run(both.connecting())};
  both.network.kill(both.server);
  CHECK(near.read().error() == error::connection_reset);
}

TEST_CASE("A host that vanished leaves its peers with half-open connections, and connects unanswered") {
  two_hosts both;
  auto made = both.connect();
  both.network.vanish(both.server);
  CHECK(made.far.read().error() == error::operation_aborted);
  CHECK(made.near.send("anybody?") == 8U);
  CHECK(both.read_error(made.near, 1min) == error::timed_out);
  CHECK(both.connect_error(1min) == error::timed_out);

  // Once it is back it knows nothing of them, and says so.
  both.network.revive(both.server);
  CHECK(both.read_error(made.near, 10min) == error::connection_reset);
}

TEST_CASE("A client's host may vanish, too") {
  two_hosts both;
  auto made = both.connect();
  both.network.vanish(both.client);
  CHECK(made.far.send("news") == 4U);
  CHECK(both.read_error(made.far, 1min) == error::timed_out);
  both.network.revive(both.client);
  CHECK(both.read_error(made.far, 10min) == error::connection_reset);
}

TEST_CASE("Who connects to a host that vanished gets through once it is back and listens") {
  two_hosts both;
  both.network.vanish(both.server);
  lone_task<connected> connecting{both.time, both.connecting()};
  both.time.run_for(5s);
  CHECK_FALSE(connecting.ended());
  both.network.revive(both.server);
  both.listener = both.network.listen(both.server, 80);
  both.time.run_for(5s + 1ms);
  REQUIRE(connecting.ended());
  CHECK(connecting.outcome().value->has_value());
}

TEST_CASE("A host that came back can connect") {
  two_hosts both;
  both.network.kill(both.client);
  CHECK(both.connect_error() == error::network_down);
  both.network.revive(both.client);
  both.connect();
}

TEST_CASE("A killed host is told at once that it reaches nobody, whomever it wants") {
  two_hosts both;
  both.network.kill(both.client);
  const auto start = both.time.now();
  CHECK(both.connect_error() == error::network_down);
  const net::endpoint unknown{asio::ip::make_address("203.0.113.1"), 80};
  CHECK(both.time.run(both.network.reach(both.client).connect(unknown, deadline::never())).error() ==
        error::network_down);
  CHECK(both.time.now() == start);
}

TEST_CASE("A partition in the middle of connecting holds that up") {
  two_hosts both;
  both.network.set_usual_conditions(both.exactly(10ms));
  lone_task<connected> connecting{both.time, both.connecting()};
  both.time.run_for(15ms);
  both.network.partition(both.client, both.server);
  both.time.run_for(5s);
  CHECK_FALSE(connecting.ended());
  both.network.heal(both.client, both.server);
  both.time.run_for(10s);
  REQUIRE(connecting.ended());
  CHECK(connecting.outcome().value->has_value());
}

TEST_CASE("What a partition held back comes at a repetition, not at the moment of its healing") {
  duration longest{};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    two_hosts both{seed};
    auto made = both.connect();
    both.network.partition(both.client, both.server);
    CHECK(made.near.send("question") == 8U);
    both.time.run_for(10s);
    both.network.heal(both.server, both.client);
    const auto healed = both.time.now();
    CHECK(made.far.read() == std::string{"question"});
    longest = std::max(longest, both.time.now() - healed);
  }
  CHECK(longest > 5s);
  CHECK(longest <= 10s + 1ms);
}

TEST_CASE("Who could not connect over a partition does so at a repetition, too") {
  duration longest{};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    two_hosts both{seed};
    both.network.partition(both.client, both.server);
    lone_task<connected> connecting{both.time, both.connecting()};
    both.time.run_for(10s);
    both.network.heal(both.client, both.server);
    const auto healed = both.time.now();
    while (!connecting.ended()) both.time.run_for(10ms);
    longest = std::max(longest, both.time.now() - healed);
  }
  CHECK(longest > 5s);
  CHECK(longest <= 10s + 20ms);
}

TEST_CASE("One partition may follow another") {
  two_hosts both;
  auto made = both.connect();
  both.network.partition(both.client, both.server);
  both.time.run_for(1s);
  both.network.heal(both.server, both.client);
  both.time.run_for(10s);
  both.network.partition(both.client, both.server);
  CHECK(made.near.send("question") == 8U);
  CHECK(both.read_error(made.far, 1h) == error::timed_out);
}

TEST_CASE("A host that comes back behind a partition is not heard of before that heals") {
  two_hosts both;
  auto made = both.connect();
  both.network.vanish(both.server);
  CHECK(made.near.send("anybody?") == 8U);
  both.network.partition(both.client, both.server);
  both.network.revive(both.server);
  CHECK(both.read_error(made.near, 10min) == error::timed_out);
  both.network.heal(both.client, both.server);
  CHECK(both.read_error(made.near, 30min) == error::connection_reset);
}

TEST_CASE("Faults stand in the timeline") {
  two_hosts both;
  auto made = both.connect();
  const auto seen = both.events.timeline().size();
  only_connection(both)->reset_after(both.server, 5);
  only_connection(both)->lose();
  only_connection(both)->reset();
  both.network.partition(both.client, both.server);
  both.network.heal(both.client, both.server);
  both.network.refuse_connections(both.server);
  both.network.swallow_connections(both.server);
  both.network.slow_name("server", 1s, 2s);
  both.network.fail_name("server");
  both.network.set_conditions(both.client, both.server, {});
  both.network.kill(both.client);
  both.network.revive(both.client);
  std::vector<std::string> told;
  for (const auto& line : both.events.timeline()) told.push_back(line.substr(line.find("ms  ") + 4));
  told.erase(told.begin(), told.begin() + static_cast<std::ptrdiff_t>(seen));
  CHECK(told == std::vector<std::string>{"client → server  fault reset #1 after 5 B from server",
                                         "client → server  fault lost #1", "client → server  fault reset #1",
                                         "client → server  fault partitioned", "client → server  fault healed",
                                         "server  fault refuses connections", "server  fault swallows connections",
                                         "server  fault resolves slowly", "server  fault does not resolve",
                                         "client → server  fault other conditions", "client  fault killed",
                                         "client → server #1  reset", "client  fault revived"});
}

}  // namespace
}  // namespace cohort::sim
