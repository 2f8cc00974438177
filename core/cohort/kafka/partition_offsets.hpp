// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace cohort::messaging::kafka {

/// The messages of one partition that were delivered. Kafka keeps one position for a group and partition, not the state
/// of each message: it may pass a message only when that and all before it are acknowledged. No I/O.
class partition_offsets {
 public:
  /// A message was delivered. Offsets increase; a lower one means that the partition is read again from there.
  void add(std::int64_t offset);
  /// Returns the position from which the group would continue, if it has changed. An unknown offset changes nothing.
  std::optional<std::int64_t> acknowledge(std::int64_t offset);

 private:
  struct delivered {
    std::int64_t offset;
    bool is_acknowledged = false;
  };
  /// The first one is not acknowledged.
  std::deque<delivered> pending_;
  std::int64_t last_ = -1;
};

}  // namespace cohort::messaging::kafka
