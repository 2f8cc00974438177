// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include <cohort/kafka/librdkafka.hpp>
#include <cohort/kafka/settings.hpp>

namespace cohort::messaging::kafka {

/// What only a consumer has.
struct group_settings {
  /// See `group.id`.
  std::string group;
  /// Whether a group without a committed position starts with the oldest message, and not after the newest one.
  bool starts_with_oldest = true;
};

/// The configuration of a producer, or of a consumer if there is a group. The error is that of a setting.
result<owned<rd_kafka_conf_t>> make_configuration(const settings& configured, const group_settings* group);

}  // namespace cohort::messaging::kafka
