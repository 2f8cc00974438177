// SPDX-License-Identifier: BSL-1.0
// Tests the client with a real redis-server on 127.0.0.1. These tests are skipped if redis-server is not installed.
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <map>

#include <cohort/net/system/system_network.hpp>
#include <cohort/redis/client.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/net/loopback.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
using redis::errc;

constexpr auto program = "/usr/bin/redis-server";

std::uint16_t free_port() {
  loop unused_loop;
  return (*net::listen_tcp(unused_loop, loopback_endpoint()))->local_endpoint().port();
}

/// A server and its client, on a loop with the real clock.
struct redis_server_fixture : real_time_fixture {
  explicit redis_server_fixture(redis::client_settings client_settings = {}) : settings(std::move(client_settings)) {
    if (!std::filesystem::exists(program)) SKIP("redis-server is not installed");
    settings.port = free_port();
    settings.password = "secret";
    start();
    client = std::make_unique<redis::client>(network, 1, metrics, log, settings);
  }
  ~redis_server_fixture() {
    if (client) run(client->close());
  }
  redis_server_fixture(const redis_server_fixture&) = delete;
  redis_server_fixture& operator=(const redis_server_fixture&) = delete;

  void start() {
    server.emplace(program, std::vector<std::string>{"--port", std::to_string(settings.port), "--bind", "127.0.0.1",
                                                     "--dir", directory.path().string(), "--appendonly", "yes",
                                                     "--requirepass", "secret", "--loglevel", "notice"});
    server->wait_for_line("Ready to accept connections");
  }
  call_context context(duration timeout = 10s) { return {.deadline = deadline::after(event_loop().now(), timeout)}; }
  template <class... Arguments>
  redis::result<redis::reply> command(const Arguments&... arguments) {
    return run(client->command(context(), arguments...));
  }

  temporary_directory directory;
  redis::client_settings settings;
  std::optional<child_process> server;
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  net::system_network network;
  std::unique_ptr<redis::client> client;
};

TEST_CASE("redis server: replies have the types of RESP3", "[redis][server][threads]") {
  using kind = redis::reply::kind;
  redis_server_fixture fixture;
  CHECK(fixture.command("SET", "text", std::string{"a\r\n\0", 4})->text == "OK");
  CHECK(fixture.command("GET", "text")->text == std::string{"a\r\n\0", 4});
  CHECK(fixture.command("GET", "absent")->type == kind::null);
  CHECK(fixture.command("INCRBY", "number", 5)->number == 5);
  CHECK(fixture.command("INCR", "text").error().code == errc::error_reply);
  CHECK(fixture.command("HSET", "hash", "a", 1, "b", 2)->number == 2);
  const auto hash = fixture.command("HGETALL", "hash").value();
  CHECK(hash.type == kind::map);
  REQUIRE(hash.find("b"));
  CHECK(hash.find("b")->text == "2");
  fixture.command("SADD", "set", "x").value();
  CHECK(fixture.command("SMEMBERS", "set")->type == kind::set);
  fixture.command("ZADD", "sorted", 1.5, "x").value();
  CHECK(fixture.command("ZSCORE", "sorted", "x")->real == 1.5);
  fixture.command("RPUSH", "list", "1", "2").value();
  CHECK(fixture.command("LRANGE", "list", 0, -1)->as_strings().value() == std::vector<std::string>{"1", "2"});
  const auto evaluate = [&](const char* result) {
    return fixture.command("EVAL", std::string{"redis.setresp(3); return "} + result, 0)->type;
  };
  CHECK(evaluate("{double=3.5}") == kind::real);
  CHECK(evaluate("true") == kind::boolean);
  CHECK(evaluate("{big_number='12345678901234567890123'}") == kind::big_number);
  CHECK(evaluate("{verbatim_string={string='x', format='txt'}}") == kind::verbatim_string);
}

task<int> count_wrong_replies(redis::client& client, call_context context, int first, int last) {
  int wrong_count = 0;
  for (int i = first; i < last; ++i) {
    auto set_task = client.set(context, "key" + std::to_string(i), std::to_string(i));
    const auto set = co_await std::move(set_task);
    auto get_task = client.get(context, "key" + std::to_string(i));
    const auto value = co_await std::move(get_task);
    if (!set || !value || *value != std::to_string(i)) ++wrong_count;
  }
  co_return wrong_count;
}

TEST_CASE("redis server: each concurrent caller receives its own reply", "[redis][server][threads]") {
  redis_server_fixture fixture;
  std::vector<task<int>> callers;
  for (int i = 0; i < 50; ++i) {
    callers.push_back(count_wrong_replies(*fixture.client, fixture.context(60s), 100 * i, 100 * i + 20));
  }
  for (const int wrong : fixture.run(when_all(std::move(callers)))) CHECK(wrong == 0);
  const auto clients = fixture.command("INFO", "clients")->text;
  CHECK(clients.find("connected_clients:1\r\n") != std::string::npos);
}

TEST_CASE("redis server: messages are received, including after a restart", "[redis][server][threads]") {
  redis_server_fixture fixture;
  auto news = fixture.run(fixture.client->subscribe(fixture.context(), "news")).value();
  CHECK(fixture.run(fixture.client->publish(fixture.context(), "news", "one")).value() == 1);
  CHECK(fixture.run(news.next(fixture.long_deadline())).value() == redis::message{"news", "one"});
  fixture.server.reset();
  fixture.start();
  // The loop did not run in the meantime, so the client has not detected that the connection was closed.
  fixture.run(sleep_task(fixture.short_deadline()));
  // Subscriptions are restored before the command is sent.
  CHECK(fixture.run(fixture.client->publish(fixture.context(), "news", "two")).value() == 1);
  CHECK(fixture.run(news.next(fixture.long_deadline())).value() == redis::message{"news", "two"});
  CHECK(news.interruptions() == 1);
}

struct load_outcomes {
  int ok = 0;
  int lost = 0;
  std::map<std::string, int> others;
  bool is_ending = false;
};

task<> send_load(redis::client& client, load_outcomes& outcomes) {
  while (!outcomes.is_ending) {
    const call_context context{.deadline = deadline::after(loop::current().now(), 20s)};
    auto increment_task = client.incr(context, "count");
    const auto outcome = co_await std::move(increment_task);
    if (outcome) {
      ++outcomes.ok;
    } else if (outcome.error().code == errc::connection_lost) {
      ++outcomes.lost;
    } else {
      ++outcomes.others[log_text(outcome.error())];
    }
  }
}

task<> restart(redis_server_fixture& fixture, load_outcomes& outcomes) {
  for (int i = 0; i < 2; ++i) {
    co_await sleep_for(200ms);
    fixture.server.reset();
    fixture.start();
  }
  co_await sleep_for(200ms);
  outcomes.is_ending = true;
}

TEST_CASE("redis server: a restart under load fails the commands in flight only", "[redis][server][threads]") {
  redis_server_fixture fixture{{.timeout = 20s, .reconnect_window = 20s}};
  load_outcomes outcomes;
  constexpr int callers = 16;
  std::vector<task<>> work;
  for (int i = 0; i < callers; ++i) work.push_back(send_load(*fixture.client, outcomes));
  work.push_back(restart(fixture, outcomes));
  fixture.run(when_all(std::move(work)));
  INFO("ok " << outcomes.ok << ", lost " << outcomes.lost);
  CHECK(outcomes.ok > 100);
  // Each caller has one command in flight at each of the two restarts.
  CHECK(outcomes.lost <= 2 * callers);
  for (const auto& [text, count] : outcomes.others) FAIL_CHECK(text << ": " << count);
}

TEST_CASE("redis server: a call to a stopped server times out at its deadline, and the delayed reply is discarded",
          "[redis][server][threads]") {
  redis_server_fixture fixture;
  fixture.command("SET", "a", "1").value();
  fixture.command("SET", "b", "2").value();
  fixture.server->signal(SIGSTOP);
  const auto start = fixture.event_loop().now();
  CHECK(fixture.run(fixture.client->command(fixture.context(100ms), "GET", "a")).error().code == errc::timeout);
  CHECK(fixture.event_loop().now() - start < 5s);
  fixture.server->signal(SIGCONT);
  CHECK(fixture.command("GET", "b")->text == "2");
}

TEST_CASE("redis server: a call to an unreachable server fails with one error that has the reason",
          "[redis][server][threads]") {
  redis_server_fixture fixture;
  fixture.server.reset();
  const auto failure = fixture.run(fixture.client->command(fixture.context(200ms), "GET", "a")).error();
  CHECK(log_text(failure) == "the server cannot be reached: Connection refused");
  CHECK(failure.not_executed);
}

TEST_CASE("redis server: a wrong password is rejected", "[redis][server][threads]") {
  redis_server_fixture fixture;
  auto wrong_settings = fixture.settings;
  wrong_settings.password = "wrong";
  redis::client client{fixture.network, 1, fixture.metrics, fixture.log, wrong_settings};
  const auto failure = fixture.run(client.command(fixture.context(), "GET", "a")).error();
  CHECK(log_text(failure) == "the server rejected the connection: HELLO failed with WRONGPASS");
  fixture.run(client.close());
}

}  // namespace
}  // namespace cohort::test
