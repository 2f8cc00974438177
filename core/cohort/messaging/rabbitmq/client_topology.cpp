// SPDX-License-Identifier: BSL-1.0
// The exchange, the queues and the subscriptions of a client.
#include <algorithm>

#include <cohort/messaging/rabbitmq/client.hpp>
#include <cohort/messaging/rabbitmq/subscribed_queue.hpp>
#include <cohort/runtime/concurrency/with_deadline.hpp>

namespace cohort::messaging::rabbitmq {
namespace {

// Flag bits of declarations (AMQP 0-9-1 generated reference, section 1.7).
constexpr std::uint8_t durable = 1U << 1U;
constexpr std::uint8_t exclusive = 1U << 2U;
constexpr std::uint8_t auto_delete = 1U << 3U;

using method_call = std::pair<std::string, method_id>;

method_call open_channel(std::uint16_t channel) {
  std::string bytes;
  method_scope { bytes, channel, method_id::channel_open } -> short_string({});
  return {std::move(bytes), method_id::channel_open_ok};
}

method_call declare_queue(std::uint16_t channel, const std::string& name, std::uint8_t flags,
                          const field_table& arguments) {
  std::string bytes;
  {
    method_scope method{bytes, channel, method_id::queue_declare};
    method->short_uint(0);
    method->short_string(name);
    method->octet(flags);
    method->table(arguments);
  }
  return {std::move(bytes), method_id::queue_declare_ok};
}

method_call bind_queue(std::uint16_t channel, const std::string& queue, const std::string& exchange,
                       const std::string& topic) {
  std::string bytes;
  {
    method_scope method{bytes, channel, method_id::queue_bind};
    method->short_uint(0);
    method->short_string(queue);
    method->short_string(exchange);
    method->short_string(topic);
    method->octet(0);
    method->table({});
  }
  return {std::move(bytes), method_id::queue_bind_ok};
}

method_call set_prefetch(std::uint16_t channel, std::size_t count) {
  std::string bytes;
  {
    method_scope method{bytes, channel, method_id::basic_qos};
    method->long_uint(0);
    method->short_uint(static_cast<std::uint16_t>(std::clamp<std::size_t>(count, 1, 65'535)));
    method->octet(0);
  }
  return {std::move(bytes), method_id::basic_qos_ok};
}

method_call consume(std::uint16_t channel, const std::string& queue) {
  std::string bytes;
  {
    method_scope method{bytes, channel, method_id::basic_consume};
    method->short_uint(0);
    method->short_string(queue);
    method->short_string("consumer");
    method->octet(0);
    method->table({});
  }
  return {std::move(bytes), method_id::basic_consume_ok};
}

}  // namespace

std::string client::queue_name(const subscription_settings& settings) const {
  return settings_.exchange + "." + settings.topic + (settings.group.empty() ? "" : "." + settings.group);
}

std::string client::dead_letter_queue(const subscription_settings& settings) const {
  return queue_name(settings) + ".dead";
}

task<result<void>> client::declare_exchange(session& session) {
  std::vector<method_call> calls;
  calls.push_back(open_channel(publish_channel));
  std::string bytes;
  method_scope { bytes, publish_channel, method_id::confirm_select } -> octet(0);
  calls.emplace_back(std::move(bytes), method_id::confirm_select_ok);
  bytes.clear();
  {
    method_scope method{bytes, publish_channel, method_id::exchange_declare};
    method->short_uint(0);
    method->short_string(settings_.exchange);
    method->short_string("topic");
    method->octet(durable);
    method->table({});
  }
  calls.emplace_back(std::move(bytes), method_id::exchange_declare_ok);
  auto call_task = call_in_order(session, publish_channel, std::move(calls));
  co_return co_await std::move(call_task);
}

task<result<void>> client::call_in_order(session& session, std::uint16_t channel, std::vector<method_call> calls) {
  const auto call_deadline = deadline::after(loop_.now(), settings_.connect_timeout);
  for (auto& [bytes, expected] : calls) {
    auto call_task = with_deadline(call_deadline, session.call(channel, std::move(bytes), expected));
    const auto call_result = co_await std::move(call_task);
    if (!call_result) co_return error{errc::connection_lost, "a declaration timed out"};
    if (!*call_result) co_return call_result->error();
  }
  co_return result<void>{};
}

// ---- subscriptions

task<result<std::unique_ptr<subscription>>> client::subscribe(subscription_settings settings, deadline call_deadline) {
  const auto self = shared_from_this();
  if (is_closed_) co_return error{errc::closed};
  if (!is_valid_name(settings.topic) || (!settings.group.empty() && !is_valid_name(settings.group))) {
    co_return error{errc::invalid, "topic or group: 1 to 100 letters, digits, \".\", \"-\" and \"_\" are accepted"};
  }
  const auto added = std::make_shared<subscribed_queue>(std::move(settings));
  queues_.push_back(added);
  // The destructor removes the queue, even if this coroutine ends before the queue is confirmed.
  auto new_subscription = std::make_unique<queue_subscription>(self, added);
  state_changed_.set();
  auto open_task = added->opened.wait(call_deadline);
  const auto status = co_await std::move(open_task);
  if (status == wait_status::cancelled) co_return error{errc::cancelled};
  if (added->failure) co_return *added->failure;
  if (is_closed_) co_return error{errc::closed};
  if (status == wait_status::timed_out) co_return last_failure_.value_or(error{errc::timeout});
  co_return std::unique_ptr<subscription>{std::move(new_subscription)};
}

std::uint16_t client::find_unused_channel(const session& session) const {
  std::uint16_t channel = publish_channel + 1;
  const auto is_used = [&](std::uint16_t number) {
    return session.is_closing(number) ||
           std::any_of(queues_.begin(), queues_.end(), [&](const auto& each) { return each->channel == number; });
  };
  while (is_used(channel)) ++channel;
  return channel;
}

task<std::optional<error>> client::open_subscriptions(session& session) {
  for (;;) {
    const auto next = std::find_if(queues_.begin(), queues_.end(),
                                   [](const auto& each) { return each->channel == 0 && !each->failure; });
    if (next == queues_.end()) co_return std::nullopt;
    const auto opened = *next;
    opened->channel = find_unused_channel(session);
    auto open_task = open_subscription(session, opened);
    const auto outcome = co_await std::move(open_task);
    if (outcome) {
      opened->opened.set();
    } else if (outcome.error().code != errc::refused && outcome.error().code != errc::closed) {
      // Any other error is an error of the session: the subscription has been neither rejected nor closed.
      co_return outcome.error();
    }
  }
}

task<result<void>> client::open_subscription(session& session, queue_pointer queue) {
  const auto channel = queue->channel;
  const auto& queue_settings = queue->settings;
  const auto dead_letters = dead_letter_queue(queue_settings);
  const field_table type{{"x-queue-type", settings_.group_queue_type == queue_type::quorum ? "quorum" : "classic"}};
  std::vector<method_call> calls;
  calls.push_back(open_channel(channel));
  calls.push_back(set_prefetch(channel, queue_settings.prefetch));
  calls.push_back(declare_queue(channel, dead_letters, durable, type));
  // If a queue is declared without a name, the broker generates one. An empty name refers to the last queue that was
  // declared on the channel.
  const bool is_shared = !queue_settings.group.empty();
  const auto name = is_shared ? queue_name(queue_settings) : std::string{};
  calls.push_back(is_shared ? declare_queue(channel, name, durable, type)
                            : declare_queue(channel, name, exclusive | auto_delete, {}));
  calls.push_back(bind_queue(channel, name, settings_.exchange, queue_settings.topic));
  calls.push_back(consume(channel, name));
  auto call_task = call_in_order(session, channel, std::move(calls));
  co_return co_await std::move(call_task);
}

void client::on_channel_closed(std::uint16_t channel, const error& reason) {
  if (channel == publish_channel) {
    current_->fail(reason);
    return;
  }
  for (const auto& each : queues_) {
    if (each->channel != channel) continue;
    log_.write(telemetry::log_level::error, "broker ended a subscription",
               {{"client", name_}, {"topic", each->settings.topic}, {"error", log_text(reason)}});
    each->failure = reason;
    each->channel = 0;
    each->deliveries.clear();
    each->opened.set();
    each->waiters.notify_all();
    return;
  }
}

void client::remove(const queue_pointer& queue) {
  if (queue->channel != 0 && current_) current_->close_channel(queue->channel);
  queues_.remove(queue);
}

}  // namespace cohort::messaging::rabbitmq
