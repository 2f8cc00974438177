// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace cohort::messaging::kafka {

/// Tracks the delivered messages of one partition. Kafka stores one offset for a group and partition, not the state of
/// each message. The offset may advance past a message only when that message and all earlier messages are
/// acknowledged. This class performs no I/O.
class partition_offsets {
 public:
  /// Records a delivered message. Offsets increase; a lower offset means that the partition is reread from that offset.
  void add(std::int64_t offset);
  /// Returns the position from which the group would continue, if it has changed. An unknown offset has no effect.
  std::optional<std::int64_t> acknowledge(std::int64_t offset);

 private:
  struct delivery {
    std::int64_t offset;
    bool is_acknowledged = false;
  };
  /// Invariant: the first element is not acknowledged.
  std::deque<delivery> pending_;
  std::int64_t last_offset_ = -1;
};

}  // namespace cohort::messaging::kafka
