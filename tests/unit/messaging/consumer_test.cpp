// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/consumer.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/messaging/messaging_fixture.hpp"

namespace cohort::test {
namespace {

using messaging::errc;

TEST_CASE("consumer: a duplicate of a message is acknowledged and not processed again",
          "[messaging][consumer][duplicates]") {
  messaging_fixture fixture;
  fixture.start_consumer();
  fixture.publish(fixture.make_message("a", "1")).value();
  fixture.publish(fixture.make_message("a", "1")).value();
  fixture.publish(fixture.make_message("b", "2")).value();
  fixture.time.run_for(1ms);
  CHECK(fixture.bodies == std::vector<std::string>{"a", "b"});
  CHECK(fixture.received("duplicate") == 1);
  CHECK(fixture.broker.backlog("reports", "readers") == 0);
}

TEST_CASE("consumer: a failed handler is retried, then the message becomes a dead letter",
          "[messaging][consumer][dead-letter]") {
  messaging_fixture fixture;
  fixture.start_consumer({.max_attempts = 3});
  fixture.outcomes["poison"] = errc::refused;
  fixture.publish(fixture.make_message("poison", "p")).value();
  fixture.publish(fixture.make_message("good")).value();
  fixture.time.run_for(5s);
  CHECK(fixture.bodies == std::vector<std::string>{"poison", "poison", "poison", "good"});
  const auto& dead = fixture.broker.dead_letters("reports", "readers");
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].id == "p");
  CHECK(*dead[0].header("dead-letter-reason") == "the broker rejected the request: requested by the test");
  CHECK(fixture.received("dead_letter") == 1);
  CHECK(fixture.received("processed") == 1);
  CHECK(fixture.broker.backlog("reports", "readers") == 0);
}

TEST_CASE("consumer: a message that the handler reports as invalid becomes a dead letter immediately",
          "[messaging][consumer][dead-letter]") {
  messaging_fixture fixture;
  fixture.start_consumer();
  fixture.outcomes["poison"] = errc::invalid;
  fixture.publish(fixture.make_message("poison")).value();
  fixture.time.run_for(1ms);
  CHECK(fixture.bodies.size() == 1);
  CHECK(fixture.received("dead_letter") == 1);
}

TEST_CASE("consumer: after max_attempts deliveries without an acknowledgment, a message becomes a dead letter",
          "[messaging][consumer][dead-letter]") {
  messaging_fixture fixture;
  fixture.delays["slow"] = 1h;
  for (int i = 0; i < 2; ++i) {
    fixture.start_consumer({.max_attempts = 2, .handler_timeout = 2h});
    if (i == 0) fixture.publish(fixture.make_message("slow")).value();
    fixture.time.run_for(1s);
    fixture.stop_consumer();
  }
  CHECK(fixture.bodies.size() == 2);
  fixture.start_consumer({.max_attempts = 2, .handler_timeout = 2h});
  CHECK(fixture.bodies.size() == 2);
  REQUIRE(fixture.broker.dead_letters("reports", "readers").size() == 1);
  CHECK(*fixture.broker.dead_letters("reports", "readers")[0].header("dead-letter-reason") ==
        "delivered 2 times and not acknowledged");
}

TEST_CASE("consumer: a handler is cancelled at its deadline", "[messaging][consumer][deadline]") {
  messaging_fixture fixture;
  fixture.delays["slow"] = 1h;
  fixture.start_consumer({.max_attempts = 1, .handler_timeout = 2s});
  fixture.publish(fixture.make_message("slow")).value();
  fixture.publish(fixture.make_message("next")).value();
  fixture.time.run_for(1s);
  CHECK(fixture.bodies == std::vector<std::string>{"slow"});
  fixture.time.run_for(2s);
  CHECK(fixture.bodies == std::vector<std::string>{"slow", "next"});
  CHECK(fixture.received("dead_letter") == 1);
}

TEST_CASE("consumer: an unacknowledged message of a consumer is delivered to another consumer of its group",
          "[messaging][consumer][group]") {
  messaging_fixture fixture;
  fixture.start_consumer();
  fixture.delays["a"] = 1h;
  fixture.publish(fixture.make_message("a")).value();
  fixture.time.run_for(1s);
  CHECK(fixture.bodies == std::vector<std::string>{"a"});
  fixture.stop_consumer();
  CHECK(fixture.received("requeued") == 1);
  fixture.delays.clear();
  fixture.start_consumer();
  fixture.time.run_for(1s);
  CHECK(fixture.bodies == std::vector<std::string>{"a", "a"});
  CHECK(fixture.broker.backlog("reports", "readers") == 0);
}

task<std::string> next_body(messaging::subscription& source, deadline wait_deadline) {
  auto wait_task = source.next(wait_deadline);
  const auto next = co_await std::move(wait_task);
  if (!next) co_return std::string{to_string(next.error().code)};
  source.acknowledge(*next).value();
  co_return next->received->body;
}

TEST_CASE("memory broker: the members of a group share its messages, and each group receives all messages",
          "[messaging][group]") {
  messaging_fixture fixture;
  const auto client = fixture.broker.make_client();
  const auto subscribe = [&](const std::string& group) {
    return fixture.time.run(client->subscribe({"reports", group}, deadline::never())).value();
  };
  const auto first = subscribe("a");
  const auto second = subscribe("a");
  const auto other = subscribe("b");
  const auto subscription_without_group = subscribe("");
  for (const auto* const body : {"1", "2"}) fixture.publish(fixture.make_message(body)).value();
  const auto next = [&](auto& source) {
    return fixture.time.run(next_body(*source, deadline::after(fixture.time.now(), 1s)));
  };
  CHECK(next(first) == "1");
  CHECK(next(second) == "2");
  CHECK(next(first) == "timeout");
  CHECK(next(other) == "1");
  CHECK(next(other) == "2");
  CHECK(next(subscription_without_group) == "1");
  fixture.broker.stop();
  fixture.broker.start();
  // Only groups receive messages that were published before an interruption.
  CHECK(next(subscription_without_group) == "timeout");
  CHECK(subscription_without_group->interruptions() == 1);
  client->close();
  CHECK(next(first) == "closed");
}

}  // namespace
}  // namespace cohort::test
