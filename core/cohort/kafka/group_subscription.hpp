// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <cohort/kafka/client.hpp>
#include <cohort/kafka/instance.hpp>
#include <cohort/kafka/partition_offsets.hpp>

namespace cohort::messaging::kafka {

/// A member of a consumer group.
class client::group_subscription final : public subscription {
 public:
  /// `consumer` is an instance with the group of the settings.
  group_subscription(std::shared_ptr<client> owner, subscription_settings settings, std::unique_ptr<instance> consumer);
  ~group_subscription() override;
  group_subscription(const group_subscription&) = delete;
  group_subscription& operator=(const group_subscription&) = delete;

  /// Joins the group and waits for the assignment of partitions. Without a group, completes when the subscription
  /// receives all messages that are published later.
  task<result<void>> open(deadline call_deadline);
  /// Handles the events that have arrived.
  void serve();
  bool is_connected() const noexcept { return consumer_->is_connected(); }
  void wake() { waiters_.notify_all(); }

  task<result<delivery>> next(deadline wait_deadline) override;
  result<void> acknowledge(const delivery& delivery) override;
  result<void> requeue(const delivery& delivery) override;
  task<result<void>> dead_letter(delivery failed_delivery, std::string reason, deadline call_deadline) override;
  std::uint64_t interruptions() const noexcept override { return interruption_count_; }

 private:
  struct record_position {
    std::int32_t partition;
    std::int64_t offset;
  };

  /// Returns `notified` when the member has its partitions.
  task<wait_status> join(deadline call_deadline);
  void on_rebalance(rd_kafka_event_t& rebalance_event);
  void assign(rd_kafka_topic_partition_list_t& partitions);
  void revoke();
  void on_error(rd_kafka_event_t& failed);
  /// Whether the start offset of each partition is known.
  bool has_positions() const;
  /// The next received message; empty if there is none or the prefetch limit is reached.
  std::optional<delivery> take();
  std::optional<delivery> accept(const rd_kafka_message_t& record);
  /// Removes a delivery. Error: the partition of the delivery is no longer assigned to the member.
  result<record_position> remove(const delivery& target);
  result<void> store(record_position record_position);

  std::shared_ptr<client> owner_;
  subscription_settings settings_;
  std::unique_ptr<instance> consumer_;
  /// Offsets of the assigned partitions.
  std::map<std::int32_t, partition_offsets> partitions_;
  /// The offset at which a subscription without a group continues when a partition is reassigned to it.
  std::map<std::int32_t, std::int64_t> positions_;
  /// The key is the tag of the delivery.
  std::unordered_map<std::uint64_t, record_position> unacknowledged_;
  std::deque<std::pair<delivery, record_position>> requeued_;
  std::uint64_t last_tag_ = 0;
  std::uint64_t interruption_count_ = 0;
  std::optional<error> last_failure_;
  /// Set when the member can receive no more messages.
  std::optional<error> fatal_failure_;
  bool is_topic_missing_ = false;
  event assignment_received_;
  wait_queue waiters_;
};

}  // namespace cohort::messaging::kafka
