// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

#include <cohort/messaging/error.hpp>

namespace cohort::messaging::kafka {

struct librdkafka_deleter {
  void operator()(rd_kafka_conf_t* object) const noexcept { rd_kafka_conf_destroy(object); }
  void operator()(rd_kafka_event_t* object) const noexcept { rd_kafka_event_destroy(object); }
  void operator()(rd_kafka_queue_t* object) const noexcept { rd_kafka_queue_destroy(object); }
  void operator()(rd_kafka_topic_partition_list_t* object) const noexcept {
    rd_kafka_topic_partition_list_destroy(object);
  }
};
/// Owns a librdkafka object.
template <class Object>
using librdkafka_ptr = std::unique_ptr<Object, librdkafka_deleter>;

/// The error of librdkafka or of the broker. `text` replaces the description of the code.
error make_error(rd_kafka_resp_err_t code, const char* text = nullptr);

}  // namespace cohort::messaging::kafka
