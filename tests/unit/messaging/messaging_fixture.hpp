// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/messaging/consumer.hpp>
#include <cohort/messaging/memory/memory_broker.hpp>
#include <cohort/messaging/publisher.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include <cohort/testing/spawned_task.hpp>

namespace cohort::test {

using namespace std::chrono_literals;

/// A broker in memory with a publisher and a consumer, each with a separate client, on a virtual clock.
struct messaging_fixture {
  using publish_result = messaging::result<void>;
  using spawned_publish = testing::spawned_task<publish_result>;

  explicit messaging_fixture(messaging::publisher_settings settings = {}, std::uint64_t seed = 1)
      : time(seed), broker(seed) {
    time.run(make_publisher(settings));
    publisher_task.emplace(time, messaging::publisher::run(publisher));
  }
  ~messaging_fixture() {
    stop_publisher();
    stop_consumer();
    time.run_for(1ms);
  }
  messaging_fixture(const messaging_fixture&) = delete;
  messaging_fixture& operator=(const messaging_fixture&) = delete;

  static messaging::message make_message(std::string body, std::string id = {}) {
    return {.topic = "reports", .body = std::move(body), .id = std::move(id)};
  }
  call_context context(duration timeout = 1min) { return {.deadline = deadline::after(time.now(), timeout)}; }
  std::unique_ptr<spawned_publish> start_publish(messaging::message message, duration timeout = 1min) {
    return std::make_unique<spawned_publish>(
        time, messaging::publisher::publish(publisher, context(timeout), std::move(message)));
  }
  publish_result publish(messaging::message message, duration timeout = 1min) {
    return time.run(messaging::publisher::publish(publisher, context(timeout), std::move(message)));
  }

  publish_result try_enqueue(messaging::message new_message) {
    return time.run(try_enqueue_on_loop(*this, std::move(new_message)));
  }
  static task<publish_result> try_enqueue_on_loop(messaging_fixture& self, messaging::message new_message) {
    co_return self.publisher->try_enqueue(self.context(), std::move(new_message));
  }

  /// Consumes messages as a member of the group. The handler appends the body to `bodies`, and returns the error that
  /// `outcomes` has for it, if any.
  void start_consumer(messaging::consumer_settings settings = {}, std::string group = "readers") {
    time.run(make_consumer(settings, std::move(group)));
    consumer_task.emplace(time, messaging::consumer::run(consumer));
    time.run_for(1ms);
  }
  void stop_consumer() {
    if (!consumer_task) return;
    consumer_task->cancel();
    time.run_for(1ms);
    consumer_task.reset();
  }
  void stop_publisher() {
    if (!publisher_task) return;
    publisher_task->cancel();
    time.run_for(1ms);
    publisher_task.reset();
  }
  double published(const std::string& result) {
    return metrics
        .make_counter("cohort_messaging_published_total", "", {{"publisher", "publisher"}, {"result", result}})
        .value();
  }
  double received(const std::string& result) {
    return metrics.make_counter("cohort_messaging_received_total", "", {{"consumer", "consumer"}, {"result", result}})
        .value();
  }

  task<> make_publisher(messaging::publisher_settings settings) {
    sender = broker.make_client();
    publisher = messaging::publisher::make(sender, metrics, log, settings);
    co_return;
  }
  task<> make_consumer(messaging::consumer_settings settings, std::string group) {
    receiver = broker.make_client();
    messaging::consumer::handler handler = [this](messaging::message_pointer message, call_context call_context) {
      return handle(*this, std::move(message), call_context);
    };
    consumer = std::make_shared<messaging::consumer>(receiver, messaging::subscription_settings{"reports", group},
                                                     std::move(handler), metrics, log, settings);
    co_return;
  }
  static task<messaging::result<void>> handle(messaging_fixture& self, messaging::message_pointer message,
                                              call_context call_context) {
    self.last_trace = call_context.trace.id;
    self.bodies.push_back(message->body);
    if (const auto delay = self.delays.find(message->body); delay != self.delays.end()) {
      // A delay that the test has set, on the virtual clock.
      if (co_await sleep_for(delay->second) == wait_status::cancelled) {
        co_return messaging::error{messaging::errc::cancelled};
      }
    }
    const auto found = self.outcomes.find(message->body);
    if (found == self.outcomes.end()) co_return messaging::result<void>{};
    co_return messaging::error{found->second, "requested by the test"};
  }

  virtual_time time;
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::json};
  messaging::memory_broker broker;
  std::shared_ptr<messaging::memory_broker::client> sender;
  std::shared_ptr<messaging::memory_broker::client> receiver;
  std::shared_ptr<messaging::publisher> publisher;
  std::shared_ptr<messaging::consumer> consumer;
  std::optional<testing::spawned_task<>> publisher_task;
  std::optional<testing::spawned_task<>> consumer_task;
  std::vector<std::string> bodies;
  std::map<std::string, messaging::errc> outcomes;
  std::map<std::string, duration> delays;
  telemetry::trace_id last_trace;
};

}  // namespace cohort::test
