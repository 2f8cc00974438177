// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>

#include <cohort/kafka/configuration.hpp>
#include <cohort/kafka/librdkafka.hpp>

namespace cohort::messaging::kafka {

/// Destroys librdkafka instances, each on a separate thread, because destruction joins the threads of the instance and
/// waits for the broker when a consumer leaves its group. Thread-safe.
class instance_disposal {
 public:
  /// Instances whose destruction takes longer are abandoned; their threads end with the process.
  static constexpr std::chrono::seconds max_wait{3};

  instance_disposal() : state_(std::make_shared<state>()) {}
  /// Joins the threads, for at most `max_wait`.
  ~instance_disposal();
  instance_disposal(const instance_disposal&) = delete;
  instance_disposal& operator=(const instance_disposal&) = delete;

  /// `leaves_group` is true for a connected consumer, which leaves its group, so that its partitions are reassigned
  /// immediately.
  void end(rd_kafka_t* ended, bool leaves_group);

 private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t running = 0;
  };
  std::shared_ptr<state> state_;
};

/// A librdkafka producer or consumer with its threads. The events of an instance are read from queues, which write to
/// the eventfd when an event arrives in an empty queue. Used on one loop.
class instance {
 public:
  /// Creates a producer, or a consumer if there is a group. `descriptor` (an eventfd) and `disposal` must outlive the
  /// instance.
  static result<std::unique_ptr<instance>> make(const settings& settings, const group_settings* group, int descriptor,
                                                instance_disposal& disposal);
  ~instance();
  instance(const instance&) = delete;
  instance& operator=(const instance&) = delete;

  rd_kafka_t* get() const noexcept { return kafka_; }
  /// The next delivery report, group change, error or statistics event.
  librdkafka_ptr<rd_kafka_event_t> next_event() { return next(*events_); }
  /// The next message of a forwarded partition, or an error.
  librdkafka_ptr<rd_kafka_event_t> next_message() { return next(*messages_); }
  /// Forwards the messages of this partition to `next_message`. Must be called before the partition is assigned.
  void forward(const char* topic, std::int32_t partition);

  /// Whether a broker is connected, according to the last statistics or to a later response.
  bool is_connected() const noexcept { return is_connected_; }
  void mark_connected() noexcept { is_connected_ = true; }
  /// `text` is the content of a statistics event.
  void update(std::string_view text) noexcept;

 private:
  instance(rd_kafka_t* kafka, bool is_consumer, int descriptor, instance_disposal& disposal);
  static librdkafka_ptr<rd_kafka_event_t> next(rd_kafka_queue_t& queue) {
    return librdkafka_ptr<rd_kafka_event_t>{rd_kafka_queue_poll(&queue, 0)};
  }

  rd_kafka_t* kafka_;
  bool is_consumer_;
  bool is_connected_ = false;
  instance_disposal& disposal_;
  librdkafka_ptr<rd_kafka_queue_t> events_;
  librdkafka_ptr<rd_kafka_queue_t> messages_;
};

}  // namespace cohort::messaging::kafka
