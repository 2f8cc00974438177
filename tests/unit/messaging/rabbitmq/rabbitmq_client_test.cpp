// SPDX-License-Identifier: BSL-1.0
// Tests the RabbitMQ client with a simulated broker on two hosts of a simulated network.
#include <cohort/messaging/rabbitmq/client.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include <cohort/messaging/consumer.hpp>
#include <cohort/messaging/publisher.hpp>
#include "simulation/external_systems/simulated_rabbitmq.hpp"
#include "tests/unit/sim/two_host_fixture.hpp"

namespace cohort::test {
namespace {

using messaging::errc;
using publish_result = messaging::result<void>;
using spawned_publish = spawned_task<publish_result>;

struct rabbitmq_fixture {
  explicit rabbitmq_fixture(messaging::rabbitmq::settings changed = {}, messaging::publisher_settings outbox = {},
                            std::uint64_t seed = 1)
      : hosts(seed, sim::event_log::mode::hash), settings(std::move(changed)), outbox_settings(outbox) {
    settings.host = "server";
    start_server();
    time().run(make());
    client_task.emplace(time(), client->run());
    publisher_task.emplace(time(), messaging::publisher::run(publisher));
  }
  ~rabbitmq_fixture() {
    for (auto* const each : {&consumer_task, &publisher_task, &client_task}) {
      if (*each) (*each)->cancel();
    }
    time().run_for(1ms);
    stop_server();
  }
  rabbitmq_fixture(const rabbitmq_fixture&) = delete;
  rabbitmq_fixture& operator=(const rabbitmq_fixture&) = delete;

  virtual_time& time() { return hosts.time; }
  void start_server() { server_task.emplace(time(), server.run(hosts.network.listen(hosts.server, 5672))); }
  void stop_server() {
    if (!server_task) return;
    server_task->cancel();
    time().run_for(1ms);
    server_task.reset();
  }
  task<> make() {
    client =
        std::make_shared<messaging::rabbitmq::client>(hosts.network.network_for(hosts.client), settings, metrics, log);
    publisher = messaging::publisher::make(client, metrics, log, outbox_settings);
    messaging::consumer::handler handler = [this](messaging::message_pointer message, call_context) {
      return handle(*this, std::move(message));
    };
    consumer = std::make_shared<messaging::consumer>(client, messaging::subscription_settings{"reports", "readers"},
                                                     std::move(handler), metrics, log);
    co_return;
  }
  static task<publish_result> handle(rabbitmq_fixture& self, messaging::message_pointer message) {
    self.received_messages.push_back(*message);
    if (message->body == "poison") co_return messaging::error{errc::invalid, "it is poison"};
    co_return publish_result{};
  }
  void start_consumer() {
    consumer_task.emplace(time(), messaging::consumer::run(consumer));
    time().run_for(100ms);
  }
  std::unique_ptr<spawned_publish> start_publish(std::string body, std::string id = {}, duration timeout = 5min) {
    messaging::message message{.topic = "reports", .body = std::move(body), .id = std::move(id)};
    message.content_type = "text/plain";
    const call_context context{.deadline = deadline::after(time().now(), timeout)};
    return std::make_unique<spawned_publish>(time(),
                                             messaging::publisher::publish(publisher, context, std::move(message)));
  }
  /// Returns the name of the error, or `ok`.
  std::string publish(std::string body, duration limit = 10s) {
    const auto publish = start_publish(std::move(body), {}, limit);
    time().run_for(limit + 1ms);
    const auto& outcome = *publish->outcome().value;
    return outcome ? "ok" : std::string{to_string(outcome.error().code)};
  }
  std::string subscribe(const std::string& group) {
    const auto subscribe_result = time().run(client->subscribe({"reports", group}, deadline::after(time().now(), 10s)));
    return subscribe_result
               ? "ok"
               : std::string{to_string(subscribe_result.error().code)} + ": " + subscribe_result.error().message;
  }

  two_host_fixture hosts;
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  simulation::simulated_rabbitmq server;
  messaging::rabbitmq::settings settings;
  messaging::publisher_settings outbox_settings;
  std::optional<spawned_task<>> server_task;
  std::shared_ptr<messaging::rabbitmq::client> client;
  std::shared_ptr<messaging::publisher> publisher;
  std::shared_ptr<messaging::consumer> consumer;
  std::optional<spawned_task<>> client_task;
  std::optional<spawned_task<>> publisher_task;
  std::optional<spawned_task<>> consumer_task;
  std::vector<messaging::message> received_messages;
};

TEST_CASE("rabbitmq: a message arrives with its headers, in frames of the negotiated size", "[messaging][rabbitmq]") {
  rabbitmq_fixture fixture;
  fixture.start_consumer();
  const std::string large(300'000, 'x');
  CHECK(fixture.publish(large) == "ok");
  CHECK(fixture.publish("") == "ok");
  REQUIRE(fixture.received_messages.size() == 2);
  CHECK(fixture.received_messages[0].body == large);
  CHECK(fixture.received_messages[0].topic == "reports");
  CHECK(fixture.received_messages[0].content_type == "text/plain");
  CHECK(fixture.received_messages[0].id.size() == 32);
  CHECK(fixture.received_messages[1].body.empty());
  CHECK(fixture.server.unacknowledged() == 0);
}

TEST_CASE("rabbitmq: a rejected login is an error with the reason", "[messaging][rabbitmq]") {
  rabbitmq_fixture fixture{{.password = "wrong"}};
  CHECK(fixture.publish("a") == "timeout");
  CHECK(fixture.subscribe("readers") ==
        "refused: 403 ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.");
  // The consumer retries with backoff.
  CHECK(fixture.server.login_count < 30);
  fixture.server.password = "wrong";
  CHECK(fixture.publish("b") == "ok");
}

TEST_CASE("rabbitmq: a queue whose type differs from the setting fails only its subscription",
          "[messaging][rabbitmq]") {
  rabbitmq_fixture fixture;
  fixture.server.required_queue_type = "classic";
  CHECK(fixture.subscribe("readers") == "refused: 406 PRECONDITION_FAILED - inequivalent arg 'x-queue-type'");
  CHECK(fixture.publish("a") == "ok");
  CHECK(fixture.server.connection_count() == 1);
  fixture.server.required_queue_type = "quorum";
  CHECK(fixture.subscribe("readers") == "ok");
}

TEST_CASE("rabbitmq: a poison message is moved to the dead-letter queue of its group",
          "[messaging][rabbitmq][dead-letter]") {
  rabbitmq_fixture fixture;
  fixture.start_consumer();
  CHECK(fixture.publish("poison") == "ok");
  CHECK(fixture.publish("good") == "ok");
  const auto& dead = fixture.server.messages("cohort.reports.readers.dead");
  REQUIRE(dead.size() == 1);
  CHECK(dead[0].body == "poison");
  const auto& headers = dead[0].header.headers;
  CHECK(std::find(headers.begin(), headers.end(),
                  std::pair<std::string, std::string>{"dead-letter-reason", "the message is invalid: it is poison"}) !=
        headers.end());
  CHECK(fixture.server.unacknowledged() == 0);
  CHECK(fixture.received_messages.size() == 2);
}

TEST_CASE("rabbitmq: a message that no queue receives is returned if a queue is required", "[messaging][rabbitmq]") {
  rabbitmq_fixture strict{{}, {.requires_queue = true}};
  CHECK(strict.publish("a") == "unroutable");
  strict.start_consumer();
  CHECK(strict.publish("a") == "ok");
  rabbitmq_fixture lenient_fixture;
  CHECK(lenient_fixture.publish("a") == "ok");
}

TEST_CASE("rabbitmq: if a broker does not confirm, the client reconnects and resends the message",
          "[messaging][rabbitmq][faults]") {
  rabbitmq_fixture fixture;
  fixture.start_consumer();
  fixture.server.is_withholding_confirms = true;
  const auto pending_publish = fixture.start_publish("a", "1");
  fixture.time().run_for(9s);
  CHECK(fixture.server.login_count == 1);
  fixture.server.is_withholding_confirms = false;
  fixture.time().run_for(5s);
  REQUIRE(pending_publish->ended());
  CHECK(pending_publish->outcome().value->has_value());
  CHECK(fixture.server.login_count == 2);
  CHECK(fixture.server.stored_message_count == 2);
  CHECK(fixture.received_messages.size() == 1);
}

TEST_CASE("rabbitmq: a message is resent after a rejection, and after the broker was blocked",
          "[messaging][rabbitmq][faults]") {
  rabbitmq_fixture fixture;
  fixture.server.is_rejecting = true;
  const auto rejected_publish = fixture.start_publish("a");
  fixture.time().run_for(5s);
  CHECK(!rejected_publish->ended());
  fixture.server.is_rejecting = false;
  fixture.time().run_for(5s);
  CHECK(rejected_publish->ended());
  fixture.server.send_blocked(true);
  fixture.time().run_for(1s);
  const auto stored_count = fixture.server.stored_message_count;
  const auto blocked_publish = fixture.start_publish("b");
  fixture.time().run_for(20s);
  CHECK(!blocked_publish->ended());
  CHECK(fixture.server.stored_message_count == stored_count);
  CHECK(fixture.server.login_count == 1);
  fixture.server.send_blocked(false);
  fixture.time().run_for(5s);
  CHECK(blocked_publish->ended());
}

TEST_CASE("rabbitmq: heartbeats detect a partition, and the client reconnects once it heals",
          "[messaging][rabbitmq][faults]") {
  rabbitmq_fixture fixture;
  fixture.start_consumer();
  fixture.time().run_for(5min);
  CHECK(fixture.server.login_count == 1);
  fixture.hosts.network.partition(fixture.hosts.client, fixture.hosts.server);
  fixture.time().run_for(30s);
  CHECK(!fixture.client->is_connected());
  const auto pending_publish = fixture.start_publish("a");
  fixture.time().run_for(30s);
  CHECK(!pending_publish->ended());
  fixture.hosts.network.heal(fixture.hosts.client, fixture.hosts.server);
  fixture.time().run_for(2min);
  CHECK(fixture.client->is_connected());
  REQUIRE(pending_publish->ended());
  CHECK(pending_publish->outcome().value->has_value());
  CHECK(fixture.received_messages.size() == 1);
}

TEST_CASE("rabbitmq: a deleted queue is declared again", "[messaging][rabbitmq]") {
  rabbitmq_fixture fixture;
  fixture.start_consumer();
  fixture.server.delete_queue("cohort.reports.readers");
  fixture.time().run_for(1s);
  CHECK(fixture.publish("a") == "ok");
  CHECK(fixture.received_messages.size() == 1);
  CHECK(fixture.server.login_count == 1);
}

TEST_CASE("rabbitmq: the client closes the connection after invalid input from the broker, and reconnects",
          "[messaging][rabbitmq][security]") {
  using namespace std::string_literals;
  rabbitmq_fixture fixture;
  const std::vector<std::string> inputs{
      "AMQP\x00\x00\x09\x01"s,                              // another version
      "\x01\x00\x01\x7f\xff\xff\xff"s,                      // a frame of 2 GiB
      "\x01\x00\x01\x00\x00\x00\x01\x00\x00"s,              // no end of the frame
      "\x01\x00\x01\x00\x00\x00\x02\x00\x3c\xce"s,          // half a method
      "\x02\x00\x01\x00\x00\x00\x00\xce"s,                  // a content without a method
      "\x01\x00\x01\x00\x00\x00\x04\x00\x3c\x00\x63\xce"s,  // an unknown method
      "\x01\x00\x01\x00\x00\x00\x0d\x00\x3c\x00\x50\xff\xff\xff\xff\xff\xff\xff\xff\x00\xce"s,  // an ack with an
                                                                                                // unknown delivery tag
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    INFO("input " << i);
    fixture.server.next_confirm = inputs[i];
    CHECK(fixture.publish("a") == "ok");
    CHECK(fixture.server.login_count == i + 2);
  }
}

TEST_CASE("rabbitmq: under random faults no confirmed message is lost, and no duplicate is handled",
          "[messaging][rabbitmq][faults]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    rabbitmq_fixture fixture{{}, {.max_messages = 30, .max_batch = 8}, seed};
    random_generator random{seed};
    fixture.start_consumer();
    std::vector<std::unique_ptr<spawned_publish>> sent;
    auto& network = fixture.hosts.network;
    for (int i = 0; i < 100; ++i) {
      sent.push_back(fixture.start_publish(std::to_string(i), std::to_string(i), 1h));
      fixture.time().run_for(random.uniform_between(0ms, 200ms));
      if (random.bernoulli(0.05)) fixture.stop_server();
      if (random.bernoulli(0.05)) network.partition(fixture.hosts.client, fixture.hosts.server);
      fixture.server.is_withholding_confirms = random.bernoulli(0.02);
      if (random.bernoulli(0.1)) {
        if (!fixture.server_task) fixture.start_server();
        network.heal(fixture.hosts.client, fixture.hosts.server);
      }
    }
    fixture.server.is_withholding_confirms = false;
    if (!fixture.server_task) fixture.start_server();
    network.heal(fixture.hosts.client, fixture.hosts.server);
    fixture.time().run_for(4min);
    INFO("seed " << seed);
    for (const auto& each : sent) {
      REQUIRE(each->ended());
      CHECK(each->outcome().value->has_value());
    }
    std::vector<std::string> bodies;
    for (const auto& each : fixture.received_messages) bodies.push_back(each.body);
    std::sort(bodies.begin(), bodies.end());
    CHECK(std::adjacent_find(bodies.begin(), bodies.end()) == bodies.end());
    CHECK(bodies.size() == 100);
    CHECK(fixture.server.messages("cohort.reports.readers").empty());
    CHECK(fixture.server.unacknowledged() == 0);
  }
}

}  // namespace
}  // namespace cohort::test
