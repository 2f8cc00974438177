// SPDX-License-Identifier: BSL-1.0
#include <cohort/redis/client.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <vector>

#include <cohort/telemetry/server_timing.hpp>
#include "tests/unit/redis/redis_fixture.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort::test {
namespace {

using redis::errc;
using spawned_command = spawned_task<redis::result<redis::reply>>;

const redis::result<redis::reply>& outcome_of(const std::unique_ptr<spawned_command>& command) {
  REQUIRE(command->ended());
  return *command->outcome().value;
}

TEST_CASE("redis client: each convenience function sends the corresponding command", "[redis][client]") {
  redis_fixture fixture;
  auto& client = *fixture.client;
  const auto run = [&](auto work) { return fixture.time().run(std::move(work)).value(); };
  fixture.time().run(client.set(fixture.context(), "name", "Ada")).value();
  CHECK(run(client.get(fixture.context(), "name")) == "Ada");
  CHECK(run(client.get(fixture.context(), "absent")) == std::nullopt);
  CHECK(run(client.incr(fixture.context(), "count")) == 1);
  CHECK(run(client.incr(fixture.context(), "count", 41)) == 42);
  CHECK(run(client.del(fixture.context(), "count")));
  CHECK(!run(client.del(fixture.context(), "count")));
  CHECK(run(client.expire(fixture.context(), "name", 1500ms)));
  CHECK(!run(client.expire(fixture.context(), "absent", 1s)));
  fixture.time().run(client.set(fixture.context(), "short", "x", 200ms)).value();
  fixture.time().run_for(1s);
  CHECK(run(client.get(fixture.context(), "short")) == std::nullopt);
  CHECK(run(client.get(fixture.context(), "name")) == "Ada");
  fixture.time().run_for(600ms);
  CHECK(run(client.get(fixture.context(), "name")) == std::nullopt);
  CHECK(fixture.server.connection_count() == 1);
}

TEST_CASE("redis client: an error of the server is returned as a value", "[redis][client]") {
  redis_fixture fixture;
  fixture.command("SET", "name", "Ada").value();
  const auto failure = fixture.command("INCR", "name").error();
  CHECK(failure.code == errc::error_reply);
  CHECK(failure.message == "ERR value is not an integer or out of range");
  CHECK(log_text(failure) == "the server reported an error: ERR");
  CHECK(fixture.outcomes("error_reply") == 1);
  CHECK(fixture.outcomes("ok") == 1);
}

TEST_CASE("redis client: callers share one connection, and each caller receives its own reply", "[redis][client]") {
  redis_fixture fixture;
  std::vector<std::unique_ptr<spawned_command>> commands;
  for (int i = 0; i < 200; ++i) commands.push_back(fixture.start(1s, "INCRBY", "key" + std::to_string(i % 50), i));
  fixture.time().run_for(10ms);
  for (int i = 0; i < 50; ++i) CHECK(outcome_of(commands[i])->as_integer().value() == i);
  for (int i = 150; i < 200; ++i) CHECK(outcome_of(commands[i])->as_integer().value() == 4 * (i % 50) + 300);
  CHECK(fixture.server.connection_count() == 1);
}

TEST_CASE("redis client: a call times out at its deadline, and its delayed reply is not delivered to another call",
          "[redis][client]") {
  redis_fixture fixture;
  fixture.command("SET", "a", "first").value();
  fixture.command("SET", "b", "second").value();
  fixture.server.set_delay(500ms);
  const auto start = fixture.time().now();
  const auto slow_command = fixture.start(100ms, "GET", "a");
  const auto long_call = fixture.start(3s, "GET", "b");
  fixture.time().run_for(101ms);
  CHECK(outcome_of(slow_command).error().code == errc::timeout);
  CHECK(!outcome_of(slow_command).error().not_executed);
  // Each command takes 500 ms.
  fixture.time().run_for(1s);
  CHECK(outcome_of(long_call)->text == "second");
  CHECK(fixture.time().now() - start < 1200ms);
  CHECK(fixture.server.connection_count() == 1);
}

TEST_CASE("redis client: a cancelled call keeps the order of the replies", "[redis][client]") {
  redis_fixture fixture;
  fixture.command("SET", "a", "first").value();
  fixture.server.set_delay(100ms);
  const auto cancelled_command = fixture.start(1s, "GET", "absent");
  const auto other_command = fixture.start(1s, "GET", "a");
  cancelled_command->cancel();
  CHECK(cancelled_command->ended());
  fixture.time().run_for(500ms);
  CHECK(outcome_of(other_command)->text == "first");
  CHECK(fixture.outcomes("cancelled") == 1);
}

TEST_CASE("redis client: more pending commands than the maximum are rejected immediately", "[redis][client]") {
  redis_fixture fixture{{.max_pending = 2}};
  fixture.server.set_delay(100ms);
  const auto first = fixture.start(1s, "GET", "a");
  const auto second = fixture.start(1s, "GET", "a");
  const auto third = fixture.start(1s, "GET", "a");
  CHECK(log_text(outcome_of(third).error()) == "too many commands are pending: 2 is the limit");
  fixture.time().run_for(1s);
  CHECK(outcome_of(first).has_value());
  CHECK(outcome_of(second).has_value());
  CHECK(fixture.command("GET", "a").has_value());
  CHECK(fixture.outcomes("shed") == 1);
}

TEST_CASE("redis client: commands that cannot share a connection are rejected", "[redis][client]") {
  redis_fixture fixture;
  for (const auto* name : {"MULTI", "blpop", "Select", "SUBSCRIBE", "MONITOR", "CLIENT"}) {
    CHECK(fixture.command(name, "x").error().code == errc::unsupported);
  }
  CHECK(fixture.server.connection_count() == 0);
}

TEST_CASE("redis client: the password is sent, and a wrong password is reported by one error with the reason",
          "[redis][client]") {
  SECTION("correct") {
    redis_fixture fixture{{.password = "secret"}, "secret"};
    CHECK(fixture.command("GET", "a").has_value());
  }
  SECTION("wrong") {
    redis_fixture fixture{{.password = "wrong"}, "secret"};
    const auto failure = fixture.command("GET", "a").error();
    CHECK(failure.code == errc::handshake_failed);
    CHECK(failure.not_executed);
    CHECK(log_text(failure) == "the server rejected the connection: HELLO failed with WRONGPASS");
  }
  SECTION("missing") {
    redis_fixture fixture{{}, "secret"};
    CHECK(fixture.command("GET", "a").error().message == "HELLO failed with NOAUTH");
  }
}

TEST_CASE("redis client: a lost connection fails the commands in flight only", "[redis][client]") {
  redis_fixture fixture;
  fixture.command("SET", "a", "1").value();
  fixture.server.set_delay(100ms);
  const auto in_flight = fixture.start(3s, "GET", "a");
  fixture.time().run_for(50ms);
  fixture.stop_server();
  CHECK(outcome_of(in_flight).error().code == errc::connection_lost);
  // The command was not sent: it waits for the next connection.
  const auto pending_command = fixture.start(3s, "GET", "a");
  fixture.time().run_for(1s);
  CHECK(!pending_command->ended());
  fixture.server.set_delay(0ms);
  fixture.start_server();
  fixture.time().run_for(1s);
  CHECK(outcome_of(pending_command)->text == "1");
  CHECK(fixture.outcomes("reset") == 1);
}

TEST_CASE("redis client: a command that waits behind a blocked write is sent on the next connection",
          "[redis][client]") {
  redis_fixture fixture{{.response_timeout = 1s}};
  fixture.command("SET", "a", "1").value();
  fixture.hosts.network.partition(fixture.hosts.client, fixture.hosts.server);
  const auto in_flight = fixture.start(5s, "SET", "b", std::string(200'000, 'x'));
  const auto pending_command = fixture.start(5s, "GET", "a");
  fixture.time().run_for(1100ms);
  CHECK(outcome_of(in_flight).error().code == errc::connection_lost);
  CHECK(!pending_command->ended());
  fixture.hosts.network.heal(fixture.hosts.client, fixture.hosts.server);
  fixture.time().run_for(3s);
  CHECK(outcome_of(pending_command)->text == "1");
}

TEST_CASE("redis client: a call to an unreachable server fails at its deadline with the reason", "[redis][client]") {
  redis_fixture fixture{{.reconnect_window = 1s}};
  fixture.stop_server();
  const auto first = fixture.start(500ms, "GET", "a");
  fixture.time().run_for(501ms);
  CHECK(log_text(outcome_of(first).error()) == "the server cannot be reached: Connection refused");
  CHECK(outcome_of(first).error().not_executed);
  const auto second = fixture.start(3s, "GET", "a");
  fixture.time().run_for(2s);
  // After the reconnect window, calls do not wait for their deadlines.
  CHECK(outcome_of(second).error().code == errc::connect_failed);
  fixture.start_server();
  fixture.time().run_for(1s);
  CHECK(fixture.command("GET", "a").has_value());
}

TEST_CASE("redis client: a server that does not respond is replaced after the response timeout", "[redis][client]") {
  redis_fixture fixture{{.response_timeout = 2s}};
  fixture.command("SET", "a", "1").value();
  fixture.hosts.network.partition(fixture.hosts.client, fixture.hosts.server);
  const auto lost = fixture.start(3s, "GET", "a");
  fixture.time().run_for(1s);
  CHECK(!lost->ended());
  fixture.time().run_for(1100ms);
  CHECK(outcome_of(lost).error().message == "a reply exceeded the response timeout");
  fixture.hosts.network.heal(fixture.hosts.client, fixture.hosts.server);
  CHECK(fixture.command("GET", "a")->text == "1");
}

TEST_CASE("redis client: a server that does not use RESP is reported by one error with the reason", "[redis][client]") {
  redis_fixture fixture;
  fixture.stop_server();
  struct web_server {
    static task<> run(std::unique_ptr<net::acceptor> acceptor) {
      auto accept_task = acceptor->accept(loop::current());
      auto accept_result = co_await std::move(accept_task);
      if (!accept_result) co_return;
      auto write_task = write_bytes(**accept_result, "HTTP/1.1 400 Bad Request\r\n\r\n");
      co_await std::move(write_task);
      co_await sleep_for(1s);
    }
  };
  spawned_task<> server_task{fixture.time(), web_server::run(fixture.hosts.network.listen(fixture.hosts.server, 6379))};
  CHECK(log_text(fixture.command("GET", "a").error()) == "the server sent an invalid reply: unknown reply type 'H'");
  fixture.time().run_for(2s);
}

TEST_CASE("redis client: a closed client fails its pending and later calls", "[redis][client]") {
  redis_fixture fixture;
  fixture.server.set_delay(1s);
  const auto pending_call = fixture.start(3s, "GET", "a");
  fixture.time().run_for(10ms);
  fixture.time().run(fixture.client->close());
  CHECK(outcome_of(pending_call).error().code == errc::closed);
  CHECK(fixture.command("GET", "a").error().code == errc::closed);
}

TEST_CASE("redis client: a lost connection is logged, but not the close of the client", "[redis][client]") {
  redis_fixture fixture;
  fixture.time().run(fixture.client->close());
  captured_log lines;
  const telemetry::logger log{lines.sink(), "test", telemetry::log_level::info, telemetry::log_format::text};
  fixture.client = std::make_unique<redis::client>(fixture.hosts.network.network_for(fixture.hosts.client), 1,
                                                   fixture.metrics, log, fixture.settings);
  const auto is_lost = [](const std::string& line) { return line.find("redis connection lost") != std::string::npos; };
  REQUIRE(fixture.command("GET", "a").has_value());
  fixture.stop_server();
  fixture.start_server();
  fixture.time().run_for(1s);
  REQUIRE(fixture.command("GET", "a").has_value());
  fixture.time().run(fixture.client->close());
  CHECK(std::ranges::count_if(lines.close(), is_lost) == 1);
}

// ---- publish and subscribe

redis::result<redis::message> next_message(redis_fixture& fixture, redis::subscription& subscription) {
  return fixture.time().run(subscription.next(deadline::after(fixture.time().now(), 1s)));
}

TEST_CASE("redis client: a subscription receives the messages of its channel", "[redis][pubsub]") {
  redis_fixture fixture;
  auto news_subscription = fixture.time().run(fixture.client->subscribe(fixture.context(), "news")).value();
  auto pattern_subscription = fixture.time().run(fixture.client->subscribe_pattern(fixture.context(), "n*")).value();
  CHECK(fixture.time().run(fixture.client->publish(fixture.context(), "news", "one")).value() == 2);
  CHECK(fixture.time().run(fixture.client->publish(fixture.context(), "notes", "two")).value() == 1);
  CHECK(next_message(fixture, news_subscription).value() == redis::message{"news", "one"});
  CHECK(next_message(fixture, pattern_subscription).value() == redis::message{"news", "one"});
  CHECK(next_message(fixture, pattern_subscription).value() == redis::message{"notes", "two"});
  CHECK(next_message(fixture, news_subscription).error().code == errc::timeout);
  // Commands and messages share the connection.
  CHECK(fixture.server.connection_count() == 1);
}

TEST_CASE("redis client: the last subscription of a channel unsubscribes when it is destroyed", "[redis][pubsub]") {
  redis_fixture fixture;
  const auto receivers = [&] {
    return fixture.time().run(fixture.client->publish(fixture.context(), "news", "x")).value();
  };
  {
    auto first = fixture.time().run(fixture.client->subscribe(fixture.context(), "news")).value();
    {
      auto second = fixture.time().run(fixture.client->subscribe(fixture.context(), "news")).value();
      CHECK(receivers() == 1);
    }
    CHECK(receivers() == 1);
  }
  CHECK(receivers() == 0);
}

TEST_CASE("redis client: subscriptions are restored after a lost connection", "[redis][pubsub]") {
  redis_fixture fixture;
  auto news_subscription = fixture.time().run(fixture.client->subscribe(fixture.context(), "news")).value();
  fixture.stop_server();
  CHECK(news_subscription.interruptions() == 1);
  fixture.start_server();
  // The subscription is restored without a command of a caller.
  fixture.time().run_for(2s);
  CHECK(fixture.time().run(fixture.client->publish(fixture.context(), "news", "again")).value() == 1);
  CHECK(next_message(fixture, news_subscription).value().payload == "again");
}

TEST_CASE("redis client: a slow subscriber loses the oldest messages and counts them", "[redis][pubsub]") {
  redis_fixture fixture{{.max_messages = 2}};
  auto news_subscription = fixture.time().run(fixture.client->subscribe(fixture.context(), "news")).value();
  for (const std::string payload : {"1", "2", "3"}) {
    fixture.time().run(fixture.client->publish(fixture.context(), "news", payload)).value();
  }
  CHECK(next_message(fixture, news_subscription).value().payload == "2");
  CHECK(next_message(fixture, news_subscription).value().payload == "3");
  CHECK(news_subscription.missed() == 1);
}

TEST_CASE("redis client: a subscription ends with its client", "[redis][pubsub]") {
  redis_fixture fixture;
  auto news_subscription = fixture.time().run(fixture.client->subscribe(fixture.context(), "news")).value();
  fixture.time().run(fixture.client->close());
  CHECK(next_message(fixture, news_subscription).error().code == errc::closed);
}

TEST_CASE("redis client: a command is recorded as a call of its request, without its values", "[redis][requests]") {
  redis_fixture test;
  telemetry::request_record record;
  record.reset(test.time().now(), test.time().event_loop().wall_now());
  telemetry::server_timing timing;
  timing.recording().attach(record);
  auto context = test.context();
  context.timing = &timing;
  test.time().run(test.client->command(context, "SET", "key", "secret"));
  test.time().run(test.client->get(context, "key"));
  REQUIRE(record.all_calls().size() == 2);
  CHECK(record.calls[0].kind == telemetry::call_kind::redis);
  CHECK(record.calls[0].name.view() == "redis");
  CHECK(record.calls[0].detail.view() == "SET");
  CHECK(record.calls[0].outcome == "ok");
  CHECK(record.calls[1].detail.view() == "GET");
}

}  // namespace
}  // namespace cohort::test
