// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/instance.hpp>

#include <array>
#include <cstdint>
#include <thread>

namespace cohort::messaging::kafka {

instance_disposal::~instance_disposal() {
  std::unique_lock lock{state_->mutex};
  state_->changed.wait_for(lock, max_wait, [this] { return state_->running == 0; });
}

void instance_disposal::end(rd_kafka_t* ended, bool leaves_group) {
  {
    const std::lock_guard lock{state_->mutex};
    ++state_->running;
  }
  std::thread{[shared = state_, ended, leaves_group] {
    if (leaves_group) rd_kafka_consumer_close(ended);
    rd_kafka_destroy_flags(ended, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    const std::lock_guard lock{shared->mutex};
    --shared->running;
    shared->changed.notify_all();
  }}.detach();
}

result<std::unique_ptr<instance>> instance::make(const settings& settings, const group_settings* group, int descriptor,
                                                 instance_disposal& disposal) {
  auto configuration = make_configuration(settings, group);
  if (!configuration) return configuration.error();
  std::array<char, 512> text{};
  const auto type = group ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
  auto* const handle = rd_kafka_new(type, configuration->get(), text.data(), text.size());
  if (!handle) return error{errc::refused, text.data()};
  // The instance now owns the configuration.
  configuration->release();
  return std::unique_ptr<instance>{new instance{handle, group != nullptr, descriptor, disposal}};
}

instance::instance(rd_kafka_t* kafka, bool is_consumer, int descriptor, instance_disposal& disposal)
    : kafka_(kafka), is_consumer_(is_consumer), disposal_(disposal) {
  // Forwards the main queue to the queue of the consumer.
  if (is_consumer) rd_kafka_poll_set_consumer(kafka_);
  events_.reset(is_consumer ? rd_kafka_queue_get_consumer(kafka_) : rd_kafka_queue_get_main(kafka_));
  messages_.reset(rd_kafka_queue_new(kafka_));
  // An eventfd accepts 8-byte integers only.
  constexpr std::uint64_t wakeup_increment = 1;
  for (auto* const queue : {events_.get(), messages_.get()})
    rd_kafka_queue_io_event_enable(queue, descriptor, &wakeup_increment, sizeof(wakeup_increment));
}

instance::~instance() {
  for (auto* const queue : {events_.get(), messages_.get()}) rd_kafka_queue_io_event_enable(queue, -1, nullptr, 0);
  events_.reset();
  messages_.reset();
  disposal_.end(kafka_, is_consumer_ && is_connected_);
}

void instance::forward(const char* topic, std::int32_t partition) {
  const librdkafka_ptr<rd_kafka_queue_t> queue{rd_kafka_queue_get_partition(kafka_, topic, partition)};
  if (queue) rd_kafka_queue_forward(queue.get(), messages_.get());
}

void instance::update(std::string_view text) noexcept {
  // STATISTICS.md of librdkafka describes the state of each connection. Quotation marks in names are escaped, so a name
  // cannot contain this string.
  is_connected_ = text.find(R"("state":"UP")") != text.npos;
}

}  // namespace cohort::messaging::kafka
