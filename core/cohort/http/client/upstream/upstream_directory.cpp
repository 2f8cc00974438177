// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/upstream_directory.hpp>

#include <algorithm>

#include <cohort/runtime/loop.hpp>

namespace cohort::http {

upstream_directory::~upstream_directory() {
  for (const auto& [index, each] : entries_) each->on_directory_destroyed();
}

void upstream_directory::add(std::size_t loop_index, entry& new_entry) {
  const std::lock_guard lock{mutex_};
  entries_.emplace_back(loop_index, &new_entry);
}

void upstream_directory::remove(const entry& entry) noexcept {
  const std::lock_guard lock{mutex_};
  std::erase_if(entries_, [&](const auto& each) { return each.second == &entry; });
}

std::vector<upstream_status> upstream_directory::statuses() {
  const auto& current = loop::current();
  std::vector<upstream_status> result;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [index, each] : entries_) {
      if (index == current.index()) result.push_back(each->status(current.now()));
    }
  }
  std::ranges::sort(result, {}, &upstream_status::name);
  return result;
}

}  // namespace cohort::http
