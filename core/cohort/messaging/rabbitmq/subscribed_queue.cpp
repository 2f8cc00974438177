// SPDX-License-Identifier: BSL-1.0
#include <cohort/messaging/rabbitmq/subscribed_queue.hpp>

namespace cohort::messaging::rabbitmq {
namespace {

/// The number of low bits of a `delivery` tag that hold the delivery number on its channel. The high bits hold the
/// session number.
constexpr unsigned tag_bits = 40;
constexpr std::uint64_t tag_mask = (std::uint64_t{1} << tag_bits) - 1;

unsigned count_attempts(const arrived_message& message) {
  // Quorum queues set this field to the number of earlier deliveries that were not acknowledged.
  for (const auto& [name, text] : message.header.headers) {
    if (name == "x-delivery-count") return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 10)) + 1;
  }
  return message.is_redelivered ? 2 : 1;
}

message make_message(arrived_message arrived_message) {
  message message{.topic = std::move(arrived_message.topic), .body = std::move(arrived_message.body)};
  message.id = std::move(arrived_message.header.id);
  message.content_type = std::move(arrived_message.header.content_type);
  message.headers = std::move(arrived_message.header.headers);
  std::erase_if(message.headers, [](const auto& each) { return each.first == "x-delivery-count"; });
  return message;
}

void append_reject(std::string& output, std::uint16_t channel, std::uint64_t tag, bool is_requeued) {
  method_scope method{output, channel, method_id::basic_reject};
  method->long_long_uint(tag);
  method->octet(is_requeued ? 1 : 0);
}

}  // namespace

void client::on_message(std::uint16_t channel, arrived_message arrived_message) {
  for (const auto& each : queues_) {
    if (each->channel != channel) continue;
    if (arrived_message.is_too_large) {
      log_.write(telemetry::log_level::error, "message is too large, and was rejected",
                 {{"client", name_}, {"topic", arrived_message.topic}, {"message", arrived_message.header.id}});
      append_reject(current_->output(), channel, arrived_message.tag, false);
      current_->flush();
      return;
    }
    const auto tag = session_number_ << tag_bits | (arrived_message.tag & tag_mask);
    const auto attempts = count_attempts(arrived_message);
    auto received = std::make_shared<const message>(make_message(std::move(arrived_message)));
    each->deliveries.push_back({std::move(received), tag, attempts});
    each->waiters.notify_one();
    return;
  }
}

task<result<delivery>> client::queue_subscription::next(deadline wait_deadline) {
  const auto queue = queue_;
  while (queue->deliveries.empty()) {
    if (owner_->is_closed_) co_return error{errc::closed};
    if (queue->failure) co_return *queue->failure;
    const auto status = co_await queue->waiters.wait(wait_deadline);
    if (status == wait_status::timed_out) co_return error{errc::timeout};
    if (status == wait_status::cancelled) co_return error{errc::cancelled};
  }
  auto received = std::move(queue->deliveries.front());
  queue->deliveries.pop_front();
  co_return received;
}

result<std::uint64_t> client::queue_subscription::find_tag(const delivery& known) const {
  if (owner_->is_closed_) return error{errc::closed};
  if (!owner_->current_ || queue_->channel == 0 || known.tag >> tag_bits != owner_->session_number_) {
    return error{errc::connection_lost, "the delivery belongs to a previous connection"};
  }
  return known.tag & tag_mask;
}

result<void> client::queue_subscription::acknowledge(const delivery& delivery) {
  const auto tag = find_tag(delivery);
  if (!tag) return tag.error();
  {
    method_scope method{owner_->current_->output(), queue_->channel, method_id::basic_ack};
    method->long_long_uint(*tag);
    method->octet(0);
  }
  owner_->current_->flush();
  return {};
}

result<void> client::queue_subscription::requeue(const delivery& delivery) {
  const auto tag = find_tag(delivery);
  if (!tag) return tag.error();
  append_reject(owner_->current_->output(), queue_->channel, *tag, true);
  owner_->current_->flush();
  return {};
}

task<result<void>> client::queue_subscription::dead_letter(delivery failed_delivery, std::string reason,
                                                           deadline call_deadline) {
  const auto owner = owner_;
  auto dead_letter_message = std::make_shared<message>(*failed_delivery.received);
  dead_letter_message->set_header(dead_letter_reason_header, reason.substr(0, message_limits::max_short_text_size));
  std::vector<message_pointer> messages{std::move(dead_letter_message)};
  // The default exchange routes to the queue of that name.
  route destination{{}, owner->dead_letter_queue(queue_->settings)};
  auto send_task = owner->send(std::move(messages), call_deadline, true, std::move(destination));
  const auto results = co_await std::move(send_task);
  if (!results.front()) co_return results.front().error();
  co_return acknowledge(failed_delivery);
}

}  // namespace cohort::messaging::rabbitmq
