// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include <cohort/messaging/memory/memory_broker.hpp>

namespace cohort::messaging {

class memory_broker::client::memory_subscription final : public subscription {
 public:
  memory_subscription(std::shared_ptr<client> owner, subscription_settings settings);
  ~memory_subscription() override;
  memory_subscription(const memory_subscription&) = delete;
  memory_subscription& operator=(const memory_subscription&) = delete;

  task<result<delivery>> next(deadline wait_deadline) override;
  result<void> acknowledge(const delivery& delivery) override;
  result<void> requeue(const delivery& delivery) override;
  task<result<void>> dead_letter(delivery failed_delivery, std::string reason, deadline call_deadline) override;
  std::uint64_t interruptions() const noexcept override { return interruption_count_; }

  /// Returns unacknowledged messages to the queue, in their order.
  void return_deliveries(bool is_interruption);

 private:
  bool can_receive() const noexcept;
  result<void> check(const delivery& known) const;

  std::shared_ptr<client> owner_;
  subscription_settings settings_;
  std::shared_ptr<queue> queue_;
  std::map<std::uint64_t, stored_message> unacknowledged_;
  std::uint64_t last_tag_ = 0;
  std::uint64_t interruption_count_ = 0;
};

}  // namespace cohort::messaging
