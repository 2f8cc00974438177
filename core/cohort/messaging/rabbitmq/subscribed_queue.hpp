// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include <cohort/messaging/rabbitmq/client.hpp>

namespace cohort::messaging::rabbitmq {

/// The state of a subscription, shared with the client.
struct subscribed_queue {
  explicit subscribed_queue(subscription_settings subscription_settings) : settings(std::move(subscription_settings)) {}

  subscription_settings settings;
  /// The channel of the current connection; 0 if there is none.
  std::uint16_t channel = 0;
  std::deque<delivery> deliveries{};
  wait_queue waiters{};
  /// Set once the subscription has been confirmed, or has failed.
  event opened{};
  std::optional<error> failure{};
  std::uint64_t interruptions = 0;
};

class client::queue_subscription final : public subscription {
 public:
  queue_subscription(std::shared_ptr<client> owner, queue_pointer queue)
      : owner_(std::move(owner)), queue_(std::move(queue)) {}
  ~queue_subscription() override { owner_->remove(queue_); }
  queue_subscription(const queue_subscription&) = delete;
  queue_subscription& operator=(const queue_subscription&) = delete;

  task<result<delivery>> next(deadline wait_deadline) override;
  result<void> acknowledge(const delivery& delivery) override;
  result<void> requeue(const delivery& delivery) override;
  task<result<void>> dead_letter(delivery failed_delivery, std::string reason, deadline call_deadline) override;
  std::uint64_t interruptions() const noexcept override { return queue_->interruptions; }

 private:
  /// The number of the delivery on its channel; an error if that channel is closed.
  result<std::uint64_t> find_tag(const delivery& known) const;

  std::shared_ptr<client> owner_;
  queue_pointer queue_;
};

}  // namespace cohort::messaging::rabbitmq
