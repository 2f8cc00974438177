// SPDX-License-Identifier: BSL-1.0
#include <cohort/postgres/pool/prepared_statements.hpp>

#include <algorithm>

namespace cohort::postgres {

prepared_statements::entry* prepared_statements::find(std::string_view text) noexcept {
  const auto found = entries_.find(text);
  if (found == entries_.end()) return nullptr;
  found->second.last_use = ++use_count_;
  return &found->second;
}

prepared_statements::entry* prepared_statements::find(std::uint64_t number) noexcept {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const auto& item) { return item.second.number == number; });
  return found == entries_.end() ? nullptr : &found->second;
}

void prepared_statements::add(std::string text, std::uint64_t number) {
  entries_.insert_or_assign(std::move(text), entry{number, ++use_count_});
}

void prepared_statements::remove(std::uint64_t number) noexcept {
  std::erase_if(entries_, [&](const auto& item) { return item.second.number == number; });
}

std::uint64_t prepared_statements::remove_oldest() noexcept {
  const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& left, const auto& right) {
    return left.second.last_use < right.second.last_use;
  });
  const auto number = oldest->second.number;
  entries_.erase(oldest);
  return number;
}

}  // namespace cohort::postgres
