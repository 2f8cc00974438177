// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/memory/memory_subscription.hpp>

namespace cohort::messaging {

memory_broker::client::memory_subscription::memory_subscription(std::shared_ptr<client> owner,
                                                                subscription_settings settings)
    : owner_(std::move(owner)), settings_(std::move(settings)) {
  auto& server = *owner_->server_;
  if (settings_.group.empty()) {
    queue_ = std::make_shared<queue>();
    server.exclusive_queues_.emplace(settings_.topic, queue_);
  } else {
    server.group_queue(settings_.topic, settings_.group);
    queue_ = server.groups_.at({settings_.topic, settings_.group});
  }
  owner_->subscriptions_.push_back(this);
}

memory_broker::client::memory_subscription::~memory_subscription() {
  return_deliveries(false);
  owner_->subscriptions_.remove(this);
  std::erase_if(owner_->server_->exclusive_queues_, [&](const auto& each) { return each.second == queue_; });
}

bool memory_broker::client::memory_subscription::can_receive() const noexcept {
  return owner_->is_connected() && !queue_->messages.empty() && unacknowledged_.size() < settings_.prefetch;
}

task<result<delivery>> memory_broker::client::memory_subscription::next(deadline wait_deadline) {
  while (!can_receive()) {
    if (owner_->is_closed_) co_return error{errc::closed};
    const auto status = co_await queue_->waiters.wait(wait_deadline);
    if (status == wait_status::cancelled) co_return error{errc::cancelled};
    if (status == wait_status::timed_out) co_return error{errc::timeout};
  }
  auto first_message = std::move(queue_->messages.front());
  queue_->messages.pop_front();
  ++queue_->unacknowledged;
  ++first_message.delivery_count;
  delivery delivery{first_message.content, ++last_tag_, first_message.delivery_count};
  unacknowledged_.emplace(last_tag_, std::move(first_message));
  // Another subscriber may be waiting for the next message.
  if (!queue_->messages.empty()) queue_->waiters.notify_one();
  co_return delivery;
}

result<void> memory_broker::client::memory_subscription::check(const delivery& known) const {
  if (owner_->is_closed_) return error{errc::closed};
  if (!unacknowledged_.contains(known.tag))
    return error{errc::connection_lost, "the delivery belongs to a previous connection"};
  return {};
}

result<void> memory_broker::client::memory_subscription::acknowledge(const delivery& delivery) {
  if (auto check_result = check(delivery); !check_result) return check_result;
  unacknowledged_.erase(delivery.tag);
  --queue_->unacknowledged;
  queue_->waiters.notify_one();
  return {};
}

result<void> memory_broker::client::memory_subscription::requeue(const delivery& delivery) {
  if (auto check_result = check(delivery); !check_result) return check_result;
  auto found = unacknowledged_.extract(delivery.tag);
  --queue_->unacknowledged;
  queue_->messages.push_front(std::move(found.mapped()));
  queue_->waiters.notify_one();
  return {};
}

task<result<void>> memory_broker::client::memory_subscription::dead_letter(delivery failed_delivery, std::string reason,
                                                                           deadline call_deadline) {
  const auto owner = owner_;
  auto wait_task = owner->wait_until_reachable(call_deadline);
  const auto wait_result = co_await std::move(wait_task);
  if (!wait_result) co_return wait_result.error();
  if (auto check_result = check(failed_delivery); !check_result) co_return check_result;
  auto dead_letter_message = *failed_delivery.received;
  dead_letter_message.set_header(dead_letter_reason_header, std::move(reason));
  owner->server_->dead_letters_[{settings_.topic, settings_.group}].push_back(std::move(dead_letter_message));
  co_return acknowledge(failed_delivery);
}

void memory_broker::client::memory_subscription::return_deliveries(bool is_interruption) {
  if (is_interruption) ++interruption_count_;
  for (auto each = unacknowledged_.rbegin(); each != unacknowledged_.rend(); ++each) {
    queue_->messages.push_front(std::move(each->second));
  }
  queue_->unacknowledged -= unacknowledged_.size();
  unacknowledged_.clear();
  queue_->waiters.notify_all();
}

}  // namespace cohort::messaging
