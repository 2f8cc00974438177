// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <cohort/kafka/settings.hpp>
#include <cohort/messaging/publish_batch.hpp>
#include <cohort/telemetry/log.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::messaging::kafka {

class instance;
class instance_disposal;
class wakeup;

/// Kafka client based on librdkafka (2.0 or later), whose threads perform the I/O and wake the loop through an eventfd.
/// Calls do not wait for these threads. The destructor joins the threads, for at most `instance_disposal::max_wait`.
///
/// - A message topic corresponds to a Kafka topic. The header `partition-key` determines the partition, in which
///   messages keep their order; without it, messages are assigned to random partitions. The ID and the content type are
///   sent in the headers `message-id` and `content-type`.
/// - A confirm is the acknowledgment by all in-sync replicas. The producer is idempotent: a message that librdkafka
///   resends within the deadline of a `publish` is stored once. After the deadline the producer is replaced, and a
///   message that is republished can be stored twice, with the same ID.
/// - A group is a consumer group of Kafka: its members share the partitions, so members beyond the number of partitions
///   are idle. A new group starts with the oldest message. `requeue` delivers the message to the same subscription
///   again; Kafka does not count deliveries, so `attempt` restarts at 1 in a new process.
/// - A subscriber without a group has a private group with a random name and without committed offsets.
/// - Dead letters are published to the topic `TOPIC.GROUP.dead`.
/// - Topics are created by the broker if it is configured to do so (`auto.create.topics.enable`), otherwise by its
///   administrator.
///
/// The client uses neither the simulated network nor the virtual clock; tests use `memory_broker`.
class client final : public broker, public std::enable_shared_from_this<client> {
 public:
  /// Creates a client on the current loop. `name` is the label `client` of the metric `cohort_messaging_connected`, and
  /// the name in logs. `metrics` must outlive the client. Throws `std::system_error` if the process has no free
  /// descriptor.
  client(settings settings, telemetry::registry& metrics, telemetry::logger log, std::string name = "kafka");
  ~client() override;
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  task<> run() override;
  task<std::vector<result<void>>> publish(std::vector<message_pointer> messages, deadline call_deadline,
                                          publish_options options) override;
  task<result<std::unique_ptr<subscription>>> subscribe(subscription_settings settings,
                                                        deadline call_deadline) override;
  bool is_connected() const noexcept override { return is_connected_; }
  void close() override;

 private:
  class group_subscription;
  /// A message that was passed to librdkafka.
  struct unconfirmed_message {
    std::shared_ptr<publish_batch> batch;
    std::size_t index;
  };

  /// Creates the producer if there is none. Returns the error, if any.
  std::optional<error> ensure_producer();
  /// Fails all unconfirmed messages with `reason`, and replaces the producer, so that the old producer cannot send them
  /// later.
  void replace_producer(const error& reason);
  /// `topic` overrides the topics of the messages; used for dead letters.
  task<std::vector<result<void>>> send(std::vector<message_pointer> messages, deadline call_deadline,
                                       bool requires_queue, std::optional<std::string> topic);
  void produce_all(const std::shared_ptr<publish_batch>& batch, const std::optional<std::string>& topic);
  error timeout_error(bool was_connected) const;
  void serve();
  void handle_producer_events();
  void update_connected();
  void on_error(error failure, bool is_fatal);

  loop& loop_;
  settings settings_;
  telemetry::logger log_;
  std::string name_;
  telemetry::gauge& connected_gauge_;
  std::unique_ptr<wakeup> wakeup_;
  std::unique_ptr<instance_disposal> disposal_;
  std::unique_ptr<instance> producer_;
  /// The number of the current producer; incremented with each new producer.
  std::uint64_t producer_number_ = 0;
  /// The key is the sequence number of the message.
  std::unordered_map<std::uint64_t, unconfirmed_message> unconfirmed_;
  std::uint64_t next_sequence_ = 1;
  std::list<group_subscription*> subscriptions_;
  std::optional<error> last_failure_;
  bool is_failure_logged_ = false;
  bool is_connected_ = false;
  bool is_closed_ = false;
};

}  // namespace cohort::messaging::kafka
