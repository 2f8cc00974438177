// SPDX-License-Identifier: BSL-1.0
#include <cohort/kafka/partition_offsets.hpp>

#include <algorithm>

namespace cohort::messaging::kafka {

void partition_offsets::add(std::int64_t offset) {
  if (offset <= last_offset_) pending_.clear();
  last_offset_ = offset;
  pending_.push_back({offset});
}

std::optional<std::int64_t> partition_offsets::acknowledge(std::int64_t offset) {
  const auto found =
      std::lower_bound(pending_.begin(), pending_.end(), offset,
                       [](const delivery& each, std::int64_t target_offset) { return each.offset < target_offset; });
  if (found == pending_.end() || found->offset != offset) return std::nullopt;
  found->is_acknowledged = true;
  std::optional<std::int64_t> position;
  while (!pending_.empty() && pending_.front().is_acknowledged) {
    position = pending_.front().offset + 1;
    pending_.pop_front();
  }
  return position;
}

}  // namespace cohort::messaging::kafka
