// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <cohort/postgres/values/rows.hpp>

namespace cohort::postgres {

/// The statements that one connection has prepared, by their text.
class prepared_statements {
 public:
  struct entry {
    /// The statement's name on the server is `cohort_<number>`.
    std::uint64_t number;
    std::uint64_t last_use = 0;
    /// The columns; known after the first result.
    std::shared_ptr<const column_list> columns{};
  };

  explicit prepared_statements(std::size_t max_size) : max_size_(max_size) {}

  bool is_enabled() const noexcept { return max_size_ > 0; }
  bool is_full() const noexcept { return entries_.size() >= max_size_; }
  /// The statement, marked as used; null if it is not prepared.
  entry* find(std::string_view text) noexcept;
  entry* find(std::uint64_t number) noexcept;
  std::uint64_t next_number() noexcept { return ++last_number_; }
  void add(std::string text, std::uint64_t number);
  void remove(std::uint64_t number) noexcept;
  /// Removes the least recently used statement and returns its number. Precondition: there is a statement.
  std::uint64_t remove_oldest() noexcept;

  static std::string name_of(std::uint64_t number) { return "cohort_" + std::to_string(number); }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, entry, text_hash, std::equal_to<>> entries_;
  std::size_t max_size_;
  std::uint64_t last_number_ = 0;
  std::uint64_t use_count_ = 0;
};

}  // namespace cohort::postgres
