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
  /// `consumer`: an instance with the group of the settings.
  group_subscription(std::shared_ptr<client> owner, subscription_settings configured,
                     std::unique_ptr<instance> consumer);
  ~group_subscription() override;
  group_subscription(const group_subscription&) = delete;
  group_subscription& operator=(const group_subscription&) = delete;

  /// Joins the group, and waits until the member has its partitions, or, without a group, until it would receive what
  /// is published now.
  task<result<void>> open(deadline limit);
  /// Handles the events that have arrived.
  void serve();
  bool is_connected() const noexcept { return consumer_->is_connected(); }
  void wake() { waiters_.notify_all(); }

  task<result<delivery>> next(deadline wait_deadline) override;
  result<void> acknowledge(const delivery& processed) override;
  result<void> requeue(const delivery& returned) override;
  task<result<void>> dead_letter(delivery poison, std::string reason, deadline limit) override;
  std::uint64_t interruptions() const noexcept override { return interruptions_; }

 private:
  struct place {
    std::int32_t partition;
    std::int64_t offset;
  };

  /// Returns `notified` when the member has its partitions.
  task<wait_status> join(deadline limit);
  void on_rebalance(rd_kafka_event_t& changed);
  void assign(rd_kafka_topic_partition_list_t& partitions);
  void revoke();
  void on_error(rd_kafka_event_t& failed);
  /// Whether a position is known from which each partition is read.
  bool has_positions() const;
  /// The next message that has arrived, if one more may be delivered.
  std::optional<delivery> take();
  std::optional<delivery> accept(const rd_kafka_message_t& record);
  /// Removes a delivery. The error: it is of partitions that the member does not have any more.
  result<place> remove(const delivery& known);
  result<void> store(place acknowledged);

  std::shared_ptr<client> owner_;
  subscription_settings settings_;
  std::unique_ptr<instance> consumer_;
  /// Of the partitions that the member has.
  std::map<std::int32_t, partition_offsets> partitions_;
  /// Without a group: where to continue after the member has got a partition again.
  std::map<std::int32_t, std::int64_t> positions_;
  /// By tag.
  std::unordered_map<std::uint64_t, place> unacknowledged_;
  std::deque<std::pair<delivery, place>> requeued_;
  std::uint64_t last_tag_ = 0;
  std::uint64_t interruptions_ = 0;
  std::optional<error> last_failure_;
  /// The member receives nothing any more.
  std::optional<error> fatal_failure_;
  bool is_topic_missing_ = false;
  event assigned_;
  wait_queue waiters_;
};

}  // namespace cohort::messaging::kafka
