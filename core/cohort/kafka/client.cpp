// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/client.hpp>

#include <algorithm>

#include <cohort/kafka/group_subscription.hpp>
#include <cohort/kafka/record.hpp>
#include <cohort/kafka/wakeup.hpp>

namespace cohort::messaging::kafka {

client::client(settings settings, telemetry::registry& metrics, telemetry::logger log, std::string name)
    : loop_(loop::current()),
      settings_(std::move(settings)),
      log_(std::move(log)),
      name_(std::move(name)),
      connected_gauge_(metrics.make_gauge("cohort_messaging_connected",
                                          "1 if there is a connection to the broker, else 0.", {{"client", name_}})),
      wakeup_(std::make_unique<wakeup>(loop_)),
      disposal_(std::make_unique<instance_disposal>()) {}

client::~client() { close(); }

void client::close() {
  is_closed_ = true;
  replace_producer({errc::closed});
  for (auto* const each : subscriptions_) each->wake();
  update_connected();
  wakeup_->notify();
}

// ---- events

task<> client::run() {
  const auto self = shared_from_this();
  // Connects before the first message.
  if (const auto failure = ensure_producer()) on_error(*failure, false);
  while (!is_closed_) {
    auto wait_task = wakeup_->wait();
    if (!co_await std::move(wait_task)) co_return;
    serve();
  }
}

void client::serve() {
  if (is_closed_) return;
  handle_producer_events();
  for (auto* const each : subscriptions_) each->serve();
  update_connected();
}

void client::handle_producer_events() {
  std::optional<error> fatal;
  while (producer_) {
    const auto next = producer_->next_event();
    if (!next) break;
    switch (rd_kafka_event_type(next.get())) {
      case RD_KAFKA_EVENT_DR:
        while (const auto* const record = rd_kafka_event_message_next(next.get())) {
          auto found = unconfirmed_.extract(sequence_of(*record));
          if (!record->err) producer_->mark_connected();
          if (found.empty()) continue;
          auto& [batch, index] = found.mapped();
          batch->end(index, record->err ? result<void>{make_error(record->err)} : result<void>{});
        }
        break;
      case RD_KAFKA_EVENT_ERROR: {
        const auto code = rd_kafka_event_error(next.get());
        auto failure = make_error(code, rd_kafka_event_error_string(next.get()));
        const bool is_fatal = code == RD_KAFKA_RESP_ERR__FATAL;
        if (is_fatal) fatal = failure;
        on_error(std::move(failure), is_fatal);
        break;
      }
      case RD_KAFKA_EVENT_STATS: producer_->update(rd_kafka_event_stats(next.get())); break;
      default: break;
    }
  }
  // A producer with a fatal error sends no more messages.
  if (fatal) replace_producer({errc::connection_lost, fatal->message});
}

void client::on_error(error failure, bool is_fatal) {
  if (is_fatal) {
    log_.write(telemetry::log_level::error, "broker client failed", {{"client", name_}, {"error", log_text(failure)}});
  } else if (!is_connected_ && !std::exchange(is_failure_logged_, true)) {
    log_.write(telemetry::log_level::warn, "broker is unreachable", {{"client", name_}, {"error", log_text(failure)}});
  }
  last_failure_ = std::move(failure);
}

void client::update_connected() {
  const bool is_up = !is_closed_ && ((producer_ && producer_->is_connected()) ||
                                     std::any_of(subscriptions_.begin(), subscriptions_.end(),
                                                 [](const auto* each) { return each->is_connected(); }));
  if (is_up == is_connected_) return;
  is_connected_ = is_up;
  connected_gauge_.add(is_up ? 1 : -1);
  if (is_closed_) return;
  if (is_up) {
    if (is_failure_logged_) log_.write(telemetry::log_level::info, "broker reconnected", {{"client", name_}});
    is_failure_logged_ = false;
    last_failure_.reset();
  } else if (!std::exchange(is_failure_logged_, true)) {
    log_.write(telemetry::log_level::warn, "broker connection lost",
               {{"client", name_},
                {"error", last_failure_ ? log_text(*last_failure_) : std::string{"closed"}},
                {"unconfirmed", static_cast<std::int64_t>(unconfirmed_.size())}});
  }
}

// ---- publishing

std::optional<error> client::ensure_producer() {
  if (is_closed_) return error{errc::closed};
  if (producer_) return std::nullopt;
  auto producer = instance::make(settings_, nullptr, wakeup_->descriptor(), *disposal_);
  if (!producer) return producer.error();
  producer_ = std::move(*producer);
  ++producer_number_;
  return std::nullopt;
}

void client::replace_producer(const error& reason) {
  producer_.reset();
  for (auto& [sequence, failed] : std::exchange(unconfirmed_, {})) failed.batch->end(failed.index, reason);
  // The new producer connects while the publisher waits for its next attempt.
  if (!is_closed_) ensure_producer();
}

task<std::vector<result<void>>> client::publish(std::vector<message_pointer> messages, deadline call_deadline,
                                                publish_options options) {
  return send(std::move(messages), call_deadline, options.requires_queue, std::nullopt);
}

void client::produce_all(const std::shared_ptr<publish_batch>& batch, const std::optional<std::string>& topic) {
  for (std::size_t i = 0; i < batch->messages.size(); ++i) {
    const auto& content = *batch->messages[i];
    const auto sequence = next_sequence_++;
    if (const auto failure = produce(producer_->get(), topic ? *topic : content.topic, content, sequence)) {
      batch->end(i, make_error(failure));
    } else {
      unconfirmed_.emplace(sequence, unconfirmed_message{batch, i});
    }
  }
}

error client::timeout_error(bool was_connected) const {
  if (was_connected || is_connected_) return {errc::timeout};
  if (!last_failure_) return {errc::unreachable, "not connected yet"};
  return *last_failure_;
}

task<std::vector<result<void>>> client::send(std::vector<message_pointer> messages, deadline call_deadline,
                                             bool requires_queue, std::optional<std::string> topic) {
  const auto self = shared_from_this();
  auto batch = std::make_shared<publish_batch>(std::move(messages));
  if (const auto failure = ensure_producer()) {
    co_return std::vector<result<void>>(batch->messages.size(), result<void>{*failure});
  }
  const bool was_connected = is_connected_;
  const auto number = producer_number_;
  produce_all(batch, topic);
  auto confirm_task = batch->done.wait(call_deadline);
  const auto status = co_await std::move(confirm_task);
  // The old producer could still send messages that the caller has republished.
  if (status == wait_status::timed_out && batch->pending > 0 && number == producer_number_) {
    replace_producer(timeout_error(was_connected));
  }
  for (auto& each : batch->results) {
    // `unroutable` means that no queue is bound to a topic. Kafka has no bindings: here the topic does not exist.
    if (!requires_queue && !each && each.error().code == errc::unroutable) {
      each = error{errc::refused, each.error().message};
    }
  }
  co_return batch->results;
}

// ---- subscribing

task<result<std::unique_ptr<subscription>>> client::subscribe(subscription_settings settings, deadline call_deadline) {
  const auto self = shared_from_this();
  if (is_closed_) co_return error{errc::closed};
  if (!is_valid_name(settings.topic) || (!settings.group.empty() && !is_valid_name(settings.group))) {
    co_return error{errc::invalid, "topic or group: 1 to 100 letters, digits, \".\", \"-\" and \"_\" are accepted"};
  }
  group_settings group{settings.group, true};
  if (group.group.empty()) group = {settings.topic + "." + make_message_id(loop_.random()), false};
  auto consumer = instance::make(settings_, &group, wakeup_->descriptor(), *disposal_);
  if (!consumer) co_return consumer.error();
  // A broker creates a missing topic immediately only for a producer.
  if (!ensure_producer()) {
    if (auto* const topic = rd_kafka_topic_new(producer_->get(), settings.topic.c_str(), nullptr)) {
      rd_kafka_topic_destroy(topic);
    }
  }
  auto member = std::make_unique<group_subscription>(self, std::move(settings), std::move(*consumer));
  auto open_task = member->open(call_deadline);
  const auto opened = co_await std::move(open_task);
  if (!opened) co_return opened.error();
  co_return std::unique_ptr<subscription>{std::move(member)};
}

}  // namespace cohort::messaging::kafka
