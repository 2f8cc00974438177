// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/group_subscription.hpp>

#include <algorithm>

#include <cohort/kafka/record.hpp>

namespace cohort::messaging::kafka {
namespace {

/// Interval between lookups of a topic that does not exist.
constexpr duration retry_interval = std::chrono::milliseconds{500};

}  // namespace

client::group_subscription::group_subscription(std::shared_ptr<client> owner, subscription_settings settings,
                                               std::unique_ptr<instance> consumer)
    : owner_(std::move(owner)), settings_(std::move(settings)), consumer_(std::move(consumer)) {
  owner_->subscriptions_.push_back(this);
}

client::group_subscription::~group_subscription() {
  owner_->subscriptions_.remove(this);
  owner_->update_connected();
}

task<wait_status> client::group_subscription::join(deadline call_deadline) {
  const librdkafka_ptr<rd_kafka_topic_partition_list_t> topics{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(topics.get(), settings_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  for (;;) {
    is_topic_missing_ = false;
    if (const auto failure = rd_kafka_subscribe(consumer_->get(), topics.get())) {
      last_failure_ = make_error(failure);
      co_return wait_status::timed_out;
    }
    do {
      auto wait_task =
          assignment_received_.wait(std::min(call_deadline, deadline::after(owner_->loop_.now(), retry_interval)));
      const auto status = co_await std::move(wait_task);
      if (status != wait_status::timed_out || call_deadline.expired(owner_->loop_.now())) co_return status;
    } while (!is_topic_missing_);
    // librdkafka looks up the topic once a minute, and with each call of rd_kafka_subscribe.
  }
}

task<result<void>> client::group_subscription::open(deadline call_deadline) {
  auto join_task = join(call_deadline);
  auto status = co_await std::move(join_task);
  while (status == wait_status::notified && !owner_->is_closed_ && settings_.group.empty() && !has_positions()) {
    // librdkafka does not report when it starts to fetch, so this coroutine polls every 10 ms, at most until its
    // deadline.
    status = co_await sleep_until(
        std::min(call_deadline, deadline::after(owner_->loop_.now(), std::chrono::milliseconds{10})));
    if (status == wait_status::timed_out && !call_deadline.expired(owner_->loop_.now())) status = wait_status::notified;
  }
  if (owner_->is_closed_) co_return error{errc::closed};
  if (status == wait_status::cancelled) co_return error{errc::cancelled};
  if (status == wait_status::notified) co_return result<void>{};
  if (last_failure_) co_return *last_failure_;
  co_return owner_->last_failure_.value_or(error{errc::timeout, "the group has not assigned a partition"});
}

bool client::group_subscription::has_positions() const {
  return !partitions_.empty() && std::all_of(partitions_.begin(), partitions_.end(), [&](const auto& each) {
    std::int64_t low = RD_KAFKA_OFFSET_INVALID;
    std::int64_t high = RD_KAFKA_OFFSET_INVALID;
    // The offsets are known locally once the first fetch response has arrived.
    rd_kafka_get_watermark_offsets(consumer_->get(), settings_.topic.c_str(), each.first, &low, &high);
    return high >= 0;
  });
}

// ---- events

void client::group_subscription::serve() {
  while (const auto next = consumer_->next_event()) {
    switch (rd_kafka_event_type(next.get())) {
      case RD_KAFKA_EVENT_REBALANCE: on_rebalance(*next); break;
      case RD_KAFKA_EVENT_ERROR: on_error(*next); break;
      case RD_KAFKA_EVENT_STATS: consumer_->update(rd_kafka_event_stats(next.get())); break;
      default: break;
    }
  }
  waiters_.notify_all();
}

void client::group_subscription::on_error(rd_kafka_event_t& failed) {
  const auto code = rd_kafka_event_error(&failed);
  auto failure = make_error(code, rd_kafka_event_error_string(&failed));
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) ++interruption_count_;
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    // This error is expected while the topic is being created.
    is_topic_missing_ = true;
    last_failure_ = error{errc::refused, std::move(failure.message)};
    return;
  }
  if (failure.code == errc::refused) last_failure_ = failure;
  const bool is_fatal = code == RD_KAFKA_RESP_ERR__FATAL;
  if (is_fatal) fatal_failure_ = failure;
  owner_->on_error(std::move(failure), is_fatal);
}

void client::group_subscription::on_rebalance(rd_kafka_event_t& rebalance_event) {
  if (rd_kafka_event_error(&rebalance_event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    assign(*rd_kafka_event_topic_partition_list(&rebalance_event));
  } else {
    revoke();
  }
}

void client::group_subscription::assign(rd_kafka_topic_partition_list_t& partitions) {
  for (int i = 0; i < partitions.cnt; ++i) {
    auto& each = partitions.elems[i];
    consumer_->forward(each.topic, each.partition);
    partitions_[each.partition] = {};
    if (const auto position = positions_.find(each.partition); position != positions_.end())
      each.offset = position->second;
  }
  rd_kafka_assign(consumer_->get(), &partitions);
  consumer_->mark_connected();
  // A group member without partitions has also joined; other members have all partitions.
  if (partitions.cnt > 0 || !settings_.group.empty()) assignment_received_.set();
  last_failure_.reset();
}

void client::group_subscription::revoke() {
  // This call also commits the acknowledged offsets.
  rd_kafka_assign(consumer_->get(), nullptr);
  if (!unacknowledged_.empty() || !requeued_.empty()) ++interruption_count_;
  partitions_.clear();
  unacknowledged_.clear();
  requeued_.clear();
}

// ---- messages

std::optional<delivery> client::group_subscription::accept(const rd_kafka_message_t& record) {
  const auto found = partitions_.find(record.partition);
  // The message was fetched before its partition was revoked.
  if (found == partitions_.end()) return std::nullopt;
  const record_position position{record.partition, record.offset};
  found->second.add(record.offset);
  if (settings_.group.empty()) positions_[record.partition] = record.offset + 1;
  if (record.err || record.len > message_limits::max_body_size) {
    owner_->log_.write(telemetry::log_level::error, "message is unreadable or too large, and was skipped",
                       {{"client", owner_->name_},
                        {"topic", settings_.topic},
                        {"partition", static_cast<std::int64_t>(record.partition)},
                        {"offset", record.offset}});
    store(position);
    return std::nullopt;
  }
  unacknowledged_.emplace(++last_tag_, position);
  return delivery{std::make_shared<const message>(make_message(record)), last_tag_, 1};
}

std::optional<delivery> client::group_subscription::take() {
  if (unacknowledged_.size() >= std::max<std::size_t>(settings_.prefetch, 1)) return std::nullopt;
  if (!requeued_.empty()) {
    auto [requeued_delivery, position] = std::move(requeued_.front());
    requeued_.pop_front();
    requeued_delivery.tag = ++last_tag_;
    ++requeued_delivery.attempt;
    unacknowledged_.emplace(requeued_delivery.tag, position);
    return requeued_delivery;
  }
  while (const auto next = consumer_->next_message()) {
    if (rd_kafka_event_type(next.get()) == RD_KAFKA_EVENT_ERROR) {
      on_error(*next);
      continue;
    }
    const auto* const record = rd_kafka_event_message_next(next.get());
    if (!record) continue;
    if (auto accepted = accept(*record)) return accepted;
  }
  return std::nullopt;
}

task<result<delivery>> client::group_subscription::next(deadline wait_deadline) {
  for (;;) {
    if (owner_->is_closed_) co_return error{errc::closed};
    if (fatal_failure_) co_return error{errc::refused, fatal_failure_->message};
    if (auto received = take()) co_return std::move(*received);
    const auto status = co_await waiters_.wait(wait_deadline);
    if (status == wait_status::timed_out) co_return error{errc::timeout};
    if (status == wait_status::cancelled) co_return error{errc::cancelled};
  }
}

result<client::group_subscription::record_position> client::group_subscription::remove(const delivery& target) {
  if (owner_->is_closed_) return error{errc::closed};
  const auto found = unacknowledged_.find(target.tag);
  if (found == unacknowledged_.end()) {
    return error{errc::connection_lost, "the partition of the delivery was reassigned to another member"};
  }
  const auto position = found->second;
  unacknowledged_.erase(found);
  waiters_.notify_one();
  return position;
}

result<void> client::group_subscription::store(record_position record_position) {
  const auto position = partitions_[record_position.partition].acknowledge(record_position.offset);
  if (!position || settings_.group.empty()) return {};
  const librdkafka_ptr<rd_kafka_topic_partition_list_t> stored{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(stored.get(), settings_.topic.c_str(), record_position.partition)->offset =
      *position;
  if (const auto failure = rd_kafka_offsets_store(consumer_->get(), stored.get())) {
    return error{errc::connection_lost, rd_kafka_err2str(failure)};
  }
  return {};
}

result<void> client::group_subscription::acknowledge(const delivery& delivery) {
  const auto position = remove(delivery);
  if (!position) return position.error();
  return store(*position);
}

result<void> client::group_subscription::requeue(const delivery& delivery) {
  const auto position = remove(delivery);
  if (!position) return position.error();
  requeued_.emplace_front(delivery, *position);
  return {};
}

task<result<void>> client::group_subscription::dead_letter(delivery failed_delivery, std::string reason,
                                                           deadline call_deadline) {
  const auto owner = owner_;
  if (owner->is_closed_) co_return error{errc::closed};
  auto dead_letter_message = std::make_shared<message>(*failed_delivery.received);
  dead_letter_message->set_header(dead_letter_reason_header, reason.substr(0, message_limits::max_short_text_size));
  std::vector<message_pointer> messages{std::move(dead_letter_message)};
  auto topic = settings_.topic + (settings_.group.empty() ? "" : "." + settings_.group) + ".dead";
  auto send_task = owner->send(std::move(messages), call_deadline, true, std::move(topic));
  const auto results = co_await std::move(send_task);
  if (!results.front()) co_return results.front().error();
  co_return acknowledge(failed_delivery);
}

}  // namespace cohort::messaging::kafka
