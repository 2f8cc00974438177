// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include <cohort/kafka/librdkafka.hpp>
#include <cohort/kafka/settings.hpp>

namespace cohort::messaging::kafka {

/// The settings that apply only to consumers.
struct group_settings {
  /// The `group.id` of the consumer.
  std::string group;
  /// Whether a group without a committed offset starts with the oldest message instead of after the newest message.
  bool starts_with_earliest = true;
};

/// The configuration of a producer, or of a consumer if `group` is not null. Error: a setting is invalid.
result<librdkafka_ptr<rd_kafka_conf_t>> make_configuration(const settings& settings, const group_settings* group);

}  // namespace cohort::messaging::kafka
