// SPDX-License-Identifier: BSL-1.0
// Tests the client with librdkafka's mock cluster, in real time on loopback. These tests have no tag for
// ThreadSanitizer, which does not intercept thrd_create and therefore fails in the threads of librdkafka.
#include <set>
#include <string>
#include <vector>

#include <cohort/messaging/consumer.hpp>
#include <cohort/messaging/publisher.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include "tests/unit/kafka/kafka_fixture.hpp"

namespace cohort::test {
namespace {

task<> check_round_trip(kafka_fixture& self, kafka_fixture::client_pointer client) {
  auto sent = self.make_message("body", "id-1");
  sent.content_type = "application/json";
  sent.headers = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, {"empty", ""}};
  auto publish_task = self.publish(client, sent);
  const auto publish_result = co_await std::move(publish_task);
  REQUIRE(publish_result.has_value());
  auto subscribe_task =
      when_all(self.subscribe(client, "readers"), self.subscribe(client, "inspectors", "orders.readers.dead"));
  const auto subscribe_result = co_await std::move(subscribe_task);
  const auto& [subscription, dead_letters] = subscribe_result;
  auto wait_task = self.next(*subscription);
  const auto wait_result = co_await std::move(wait_task);
  CHECK(*wait_result.received == sent);
  CHECK(wait_result.attempt == 1);
  auto dead_letter_task = subscription->dead_letter(wait_result, "not JSON", self.after(10s));
  const auto move_result = co_await std::move(dead_letter_task);
  CHECK(move_result.has_value());
  CHECK(subscription->acknowledge(wait_result).error().code == messaging::errc::connection_lost);
  auto next_dead_letter_task = self.next(*dead_letters);
  const auto dead_letter = co_await std::move(next_dead_letter_task);
  CHECK(dead_letter.received->id == "id-1");
  CHECK(dead_letter.received->header(messaging::dead_letter_reason_header) != nullptr);
}

TEST_CASE("kafka: a message is received with its ID, type and headers, and can be moved to the dead-letter topic",
          "[kafka]") {
  kafka_fixture{}.run(check_round_trip);
}

task<> check_redelivery(kafka_fixture& self, kafka_fixture::client_pointer client) {
  self.server.create_topic("orders", 1);
  for (const auto* const id : {"1", "2", "3"}) {
    auto publish_task = self.publish(client, self.make_message(id, id));
    const auto publish_result = co_await std::move(publish_task);
    REQUIRE(publish_result.has_value());
  }
  {
    auto subscribe_task = self.subscribe(client, "readers");
    const auto first = co_await std::move(subscribe_task);
    std::vector<messaging::delivery> received_deliveries;
    for (int i = 0; i < 3; ++i) {
      auto wait_task = self.next(*first);
      received_deliveries.push_back(co_await std::move(wait_task));
    }
    // The second message is not acknowledged, so the offset cannot advance to the third message.
    CHECK(first->acknowledge(received_deliveries[0]).has_value());
    CHECK(first->acknowledge(received_deliveries[2]).has_value());
    CHECK(first->requeue(received_deliveries[1]).has_value());
    auto wait_task = self.next(*first);
    const auto wait_result = co_await std::move(wait_task);
    CHECK(wait_result.received->id == "2");
    CHECK(wait_result.attempt == 2);
  }
  auto subscribe_task = self.subscribe(client, "readers");
  const auto second = co_await std::move(subscribe_task);
  std::vector<std::string> ids;
  while (ids.empty() || ids.back() != "3") {
    auto wait_task = self.next(*second);
    ids.push_back((co_await std::move(wait_task)).received->id);
  }
  // The broker rejects the last commit of the first member if the second member has joined before it. Message "1" is
  // then redelivered.
  if (ids.front() == "1") ids.erase(ids.begin());
  CHECK(ids == std::vector<std::string>{"2", "3"});
}

TEST_CASE("kafka: a group continues with the first unacknowledged message", "[kafka]") {
  kafka_fixture{}.run(check_redelivery);
}

task<> check_without_group(kafka_fixture& self, kafka_fixture::client_pointer client) {
  auto publish_task = self.publish(client, self.make_message("before", "1"));
  const auto publish_result = co_await std::move(publish_task);
  REQUIRE(publish_result.has_value());
  auto subscribe_task = when_all(self.subscribe(client, ""), self.subscribe(client, ""));
  const auto subscribe_result = co_await std::move(subscribe_task);
  auto after_publish_task = self.publish(client, self.make_message("after", "2"));
  const auto after_publish_result = co_await std::move(after_publish_task);
  REQUIRE(after_publish_result.has_value());
  for (const auto* const each : {&std::get<0>(subscribe_result), &std::get<1>(subscribe_result)}) {
    auto wait_task = self.next(**each);
    const auto wait_result = co_await std::move(wait_task);
    CHECK(wait_result.received->body == "after");
  }
}

TEST_CASE("kafka: a subscriber without a group receives messages that are published after it has subscribed",
          "[kafka]") {
  kafka_fixture{}.run(check_without_group);
}

task<> check_outage(kafka_fixture& self, kafka_fixture::client_pointer client) {
  auto publish_task = self.publish(client, self.make_message("first", "1"));
  const auto first = co_await std::move(publish_task);
  REQUIRE(first.has_value());
  rd_kafka_mock_broker_set_rtt(self.server.cluster(), 1, 600);
  auto slow_publish_task = self.publish(client, self.make_message("slow", "2"), 300ms);
  const auto slow_publish_result = co_await std::move(slow_publish_task);
  REQUIRE(!slow_publish_result.has_value());
  CHECK(slow_publish_result.error().code == messaging::errc::timeout);
  rd_kafka_mock_broker_set_rtt(self.server.cluster(), 1, 0);
  auto second_publish_task = self.publish(client, self.make_message("again", "3"), 20s);
  const auto second_publish_result = co_await std::move(second_publish_task);
  CHECK(second_publish_result.has_value());
  self.server.stop();
  // The client detects the loss by statistics, which arrive each second. The test has a deadline.
  while (client->is_connected()) {
    auto pause = sleep_for(10ms);
    co_await std::move(pause);
  }
  CHECK(self.connected() == 0);
  auto late_publish_task = self.publish(client, self.make_message("late", "4"), 300ms);
  const auto late_publish_result = co_await std::move(late_publish_task);
  REQUIRE(!late_publish_result.has_value());
  CHECK(late_publish_result.error().code == messaging::errc::unreachable);
}

TEST_CASE("kafka: a publish times out at its deadline if the broker is slow or stopped", "[kafka]") {
  kafka_fixture{}.run(check_outage);
}

task<> check_unknown_topic(kafka_fixture& self, kafka_fixture::client_pointer client) {
  rd_kafka_mock_topic_set_error(self.server.cluster(), "missing", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  auto publish_task = self.publish(client, self.make_message("body", "1", "missing"));
  const auto publish_result = co_await std::move(publish_task);
  REQUIRE(!publish_result.has_value());
  CHECK(publish_result.error().code == messaging::errc::unroutable);
  client->close();
  auto closed_publish_task = self.publish(client, self.make_message("body", "2"));
  const auto closed_publish_result = co_await std::move(closed_publish_task);
  CHECK(closed_publish_result.error().code == messaging::errc::closed);
}

TEST_CASE("kafka: a nonexistent topic is an error", "[kafka]") { kafka_fixture{}.run(check_unknown_topic); }

/// A publisher and a consumer with the mock cluster, which rejects and loses requests.
struct consumer_counts {
  std::set<std::string> ids;
  std::size_t calls = 0;
  event complete;
};

task<messaging::result<void>> count(std::shared_ptr<consumer_counts> counts, messaging::message_pointer message) {
  ++counts->calls;
  counts->ids.insert(message->id);
  if (counts->ids.size() == 200) counts->complete.set();
  co_return messaging::result<void>{};
}

task<> publish_200_messages(std::shared_ptr<messaging::publisher> outbox, std::shared_ptr<consumer_counts> counts) {
  for (int i = 0; i < 200; ++i) {
    const call_context context{.deadline = kafka_fixture::after(30s)};
    auto enqueue_task =
        messaging::publisher::enqueue(outbox, context, kafka_fixture::make_message("body", std::to_string(i)));
    const auto enqueue_result = co_await std::move(enqueue_task);
    REQUIRE(enqueue_result.has_value());
  }
  auto wait_task = counts->complete.wait(kafka_fixture::after(30s));
  co_await std::move(wait_task);
}

task<> check_outbox(kafka_fixture& self, kafka_fixture::client_pointer client) {
  self.server.create_topic("orders", 3);
  constexpr std::int16_t produce_request = 0;
  rd_kafka_mock_push_request_errors(self.server.cluster(), produce_request, 3, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                    RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  auto counts = std::make_shared<consumer_counts>();
  messaging::consumer::handler handler = [counts](messaging::message_pointer message, call_context) {
    return count(counts, std::move(message));
  };
  auto consumer = std::make_shared<messaging::consumer>(
      client, messaging::subscription_settings{.topic = "orders", .group = "readers"}, std::move(handler), self.metrics,
      self.log);
  messaging::publisher_settings settings{.max_messages = 64, .confirm_timeout = 5s};
  auto outbox = messaging::publisher::make(client, self.metrics, self.log, settings);
  auto all =
      race(publish_200_messages(outbox, counts), messaging::publisher::run(outbox), messaging::consumer::run(consumer));
  co_await std::move(all);
  CHECK(counts->ids.size() == 200);
  CHECK(counts->calls == 200);
}

TEST_CASE("kafka: messages through an outbox are received once, although some requests to the broker fail",
          "[kafka][faults]") {
  kafka_fixture{}.run(check_outbox);
}

}  // namespace
}  // namespace cohort::test
