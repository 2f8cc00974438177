// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/publisher.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/messaging/messaging_fixture.hpp"

namespace cohort::test {
namespace {

using messaging::errc;

TEST_CASE("publisher: a published message is confirmed, and has an ID and the caller's trace context",
          "[messaging][publisher]") {
  messaging_fixture fixture;
  fixture.start_consumer();
  auto context = fixture.context();
  context.trace.id = {3, 4};
  fixture.time.run(messaging::publisher::publish(fixture.publisher, context, fixture.make_message("a"))).value();
  fixture.time.run_for(1ms);
  CHECK(fixture.bodies == std::vector<std::string>{"a"});
  CHECK(fixture.last_trace == telemetry::trace_id{3, 4});
  CHECK(fixture.published("confirmed") == 1);
  CHECK(fixture.publisher->size() == 0);
}

TEST_CASE("publisher: messages survive a restart of the broker, in their order", "[messaging][publisher][faults]") {
  messaging_fixture fixture;
  fixture.start_consumer();
  fixture.broker.stop();
  std::vector<std::unique_ptr<messaging_fixture::spawned_publish>> pending_publishes;
  for (const auto* const body : {"a", "b", "c"})
    pending_publishes.push_back(fixture.start_publish(fixture.make_message(body)));
  fixture.time.run_for(20s);
  CHECK(!pending_publishes[0]->ended());
  CHECK(fixture.publisher->size() == 3);
  fixture.broker.start();
  fixture.time.run_for(5s);
  for (const auto& each : pending_publishes) {
    REQUIRE(each->ended());
    CHECK(each->outcome().value->has_value());
  }
  CHECK(fixture.bodies == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("publisher: a full outbox makes callers wait, and rejects their messages at the deadline",
          "[messaging][publisher][bounds]") {
  messaging_fixture fixture{{.max_messages = 2}};
  fixture.broker.stop();
  CHECK(fixture.try_enqueue(fixture.make_message("a")).has_value());
  CHECK(fixture.try_enqueue(fixture.make_message("b")).has_value());
  CHECK(fixture.try_enqueue(fixture.make_message("c")).error().code == errc::overloaded);
  const auto late_publish = fixture.start_publish(fixture.make_message("d"), 1s);
  const auto long_publish = fixture.start_publish(fixture.make_message("e"), 1min);
  fixture.time.run_for(2s);
  REQUIRE(late_publish->ended());
  CHECK(late_publish->outcome().value->error().code == errc::overloaded);
  CHECK(!long_publish->ended());
  CHECK(fixture.published("overloaded") == 2);
  fixture.broker.start();
  fixture.time.run_for(5s);
  REQUIRE(long_publish->ended());
  CHECK(long_publish->outcome().value->has_value());
  CHECK(fixture.published("confirmed") == 3);
}

TEST_CASE("publisher: a caller's deadline does not remove its message", "[messaging][publisher][deadline]") {
  messaging_fixture fixture;
  fixture.start_consumer();
  fixture.broker.set_confirm_delay(2s);
  CHECK(fixture.publish(fixture.make_message("a"), 1s).error().code == errc::timeout);
  fixture.time.run_for(2s);
  CHECK(fixture.published("confirmed") == 1);
  CHECK(fixture.bodies == std::vector<std::string>{"a"});
}

TEST_CASE("publisher: an unconfirmed message expires at its maximum age and is counted",
          "[messaging][publisher][deadline]") {
  messaging_fixture fixture{{.max_age = 30s}};
  fixture.broker.set_message_rejection(true);
  const auto pending_publish = fixture.start_publish(fixture.make_message("a"), 5min);
  fixture.time.run_for(29s);
  CHECK(!pending_publish->ended());
  fixture.time.run_for(5s);
  REQUIRE(pending_publish->ended());
  CHECK(pending_publish->outcome().value->error().code == errc::timeout);
  CHECK(fixture.published("expired") == 1);
  CHECK(fixture.publisher->size() == 0);
}

TEST_CASE("publisher: a message that no queue receives is an error if the publisher requires a queue",
          "[messaging][publisher]") {
  messaging_fixture strict{{.requires_queue = true}};
  CHECK(strict.publish(strict.make_message("a")).error().code == errc::unroutable);
  CHECK(strict.published("unroutable") == 1);
  messaging_fixture lenient_fixture;
  CHECK(lenient_fixture.publish(lenient_fixture.make_message("a")).has_value());
}

TEST_CASE("publisher: an invalid message is rejected, and is not sent", "[messaging][publisher]") {
  messaging_fixture fixture;
  auto invalid_message = fixture.make_message("a");
  invalid_message.topic = "not a topic";
  CHECK(fixture.publish(std::move(invalid_message)).error().code == errc::invalid);
  CHECK(fixture.published("invalid") == 1);
  CHECK(fixture.broker.confirmed_count() == 0);
}

TEST_CASE("publisher: close sends the outbox until its deadline, and reports the unsent messages",
          "[messaging][publisher]") {
  messaging_fixture fixture;
  fixture.broker.set_confirm_delay(100ms);
  CHECK(fixture.try_enqueue(fixture.make_message("a")).has_value());
  fixture.stop_publisher();
  const auto close = [&](duration timeout) {
    return fixture.time.run(
        messaging::publisher::close(fixture.publisher, deadline::after(fixture.time.now(), timeout)));
  };
  CHECK(close(1s) == 0);
  CHECK(fixture.published("confirmed") == 1);
  CHECK(fixture.try_enqueue(fixture.make_message("b")).error().code == errc::closed);

  messaging_fixture down;
  down.broker.stop();
  CHECK(down.try_enqueue(down.make_message("a")).has_value());
  down.stop_publisher();
  CHECK(down.time.run(messaging::publisher::close(down.publisher, deadline::after(down.time.now(), 1s))) == 1);
  CHECK(down.published("abandoned") == 1);
  CHECK(down.publisher->size() == 0);
}

TEST_CASE("publisher: under random faults no confirmed message is lost, and duplicates are detected",
          "[messaging][publisher][faults]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    messaging_fixture fixture{{.max_messages = 50, .max_batch = 10}, seed};
    random_generator random{seed};
    fixture.start_consumer();
    fixture.broker.set_confirm_delay(20ms);
    std::vector<std::unique_ptr<messaging_fixture::spawned_publish>> sent;
    for (int i = 0; i < 200; ++i) {
      sent.push_back(fixture.start_publish(fixture.make_message(std::to_string(i), std::to_string(i)), 10min));
      fixture.time.run_for(random.uniform_between(0ms, 30ms));
      if (random.bernoulli(0.02)) fixture.broker.stop();
      if (random.bernoulli(0.02)) fixture.sender->partition();
      if (random.bernoulli(0.02)) fixture.receiver->partition();
      if (random.bernoulli(0.1)) {
        fixture.broker.start();
        fixture.sender->heal();
        fixture.receiver->heal();
      }
    }
    fixture.broker.start();
    fixture.sender->heal();
    fixture.receiver->heal();
    fixture.time.run_for(3min);
    INFO("seed " << seed);
    CHECK(fixture.published("confirmed") == 200);
    for (const auto& each : sent) CHECK(each->ended());
    auto bodies = fixture.bodies;
    std::sort(bodies.begin(), bodies.end());
    CHECK(std::adjacent_find(bodies.begin(), bodies.end()) == bodies.end());
    CHECK(bodies.size() == 200);
    CHECK(fixture.broker.backlog("reports", "readers") == 0);
  }
}

}  // namespace
}  // namespace cohort::test
