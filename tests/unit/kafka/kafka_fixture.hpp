// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <librdkafka/rdkafka.h>
// Must be included after rdkafka.h.
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <cohort/kafka/client.hpp>
#include <cohort/kafka/url.hpp>
#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>

namespace cohort::test {

using namespace std::chrono_literals;

/// The mock cluster of librdkafka: one broker, on a thread of this process, with a separate port.
class mock_kafka {
 public:
  mock_kafka() {
    auto* const configuration = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(configuration, [](const rd_kafka_t*, int, const char*, const char*) {});
    std::array<char, 512> text{};
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, text.data(), text.size());
    REQUIRE(handle_ != nullptr);
    cluster_ = rd_kafka_mock_cluster_new(handle_, 1);
    REQUIRE(cluster_ != nullptr);
  }
  ~mock_kafka() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }
  mock_kafka(const mock_kafka&) = delete;
  mock_kafka& operator=(const mock_kafka&) = delete;

  rd_kafka_mock_cluster_t* cluster() const noexcept { return cluster_; }
  std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void create_topic(const char* topic, int partitions) {
    REQUIRE(!rd_kafka_mock_topic_create(cluster_, topic, partitions, 1));
  }
  void stop() { rd_kafka_mock_broker_set_down(cluster_, 1); }

 private:
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

/// A mock cluster, and a loop with its clients.
class kafka_fixture {
 public:
  using client_pointer = std::shared_ptr<messaging::kafka::client>;

  client_pointer make_client(std::string name = "kafka") {
    messaging::kafka::settings settings{.brokers = server.address()};
    settings.session_timeout = 6s;
    settings.commit_interval = 50ms;
    settings.request_timeout = 1s;
    return std::make_shared<messaging::kafka::client>(settings, metrics, log, std::move(name));
  }
  double connected(const std::string& name = "kafka") {
    return metrics.make_gauge("cohort_messaging_connected", "", {{"client", name}}).value();
  }
  static deadline after(duration span) { return deadline::after(loop::current().now(), span); }

  static messaging::message make_message(std::string body, std::string id, std::string topic = "orders") {
    return {.topic = std::move(topic), .body = std::move(body), .id = std::move(id)};
  }
  static task<messaging::result<void>> publish(client_pointer by, messaging::message message, duration limit = 10s) {
    std::vector<messaging::message_pointer> messages{std::make_shared<const messaging::message>(std::move(message))};
    const messaging::publish_options options{.requires_queue = true};
    auto publish_task = by->publish(std::move(messages), after(limit), options);
    const auto results = co_await std::move(publish_task);
    co_return results.front();
  }
  static task<std::unique_ptr<messaging::subscription>> subscribe(client_pointer by, std::string group,
                                                                  std::string topic = "orders") {
    messaging::subscription_settings settings{.topic = std::move(topic), .group = std::move(group)};
    auto subscribe_task = by->subscribe(std::move(settings), after(20s));
    auto subscribe_result = co_await std::move(subscribe_task);
    if (!subscribe_result) FAIL(messaging::log_text(subscribe_result.error()));
    co_return std::move(*subscribe_result);
  }
  static task<messaging::delivery> next(messaging::subscription& source, duration limit = 20s) {
    auto wait_task = source.next(after(limit));
    auto wait_result = co_await std::move(wait_task);
    if (!wait_result) FAIL(messaging::log_text(wait_result.error()));
    co_return std::move(*wait_result);
  }

  /// Runs a test on the loop with a client, and closes the client.
  using body = std::function<task<>(kafka_fixture&, client_pointer)>;
  void run(body test) {
    std::exception_ptr failure;
    loop event_loop;
    asio::co_spawn(event_loop.get_executor(), run_test(*this, std::move(test)), [&](std::exception_ptr exception) {
      failure = std::move(exception);
      event_loop.stop();
    });
    event_loop.run();
    if (failure) std::rethrow_exception(failure);
  }

  mock_kafka server;
  telemetry::registry metrics{1};
  telemetry::log_sink sink;
  telemetry::logger log{sink, "test", telemetry::log_level::off, telemetry::log_format::json};

 private:
  static task<> run_test(kafka_fixture& self, body test) {
    auto client = self.make_client();
    auto test_task = test(self, client);
    auto both = with_deadline(after(60s), race(std::move(test_task), client->run()));
    const auto ended = co_await std::move(both);
    client->close();
    REQUIRE(ended.has_value());
    REQUIRE(ended->index() == 0);
  }
};

}  // namespace cohort::test
