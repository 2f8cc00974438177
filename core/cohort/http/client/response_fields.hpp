// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include <cohort/runtime/memory/recycled_object.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort::http {

/// The header fields of a response, in the order received: pairs of name and value. The strings are in one block of
/// memory. Views of them are valid until the fields change or are destroyed; a move keeps them valid.
class response_fields {
 public:
  using value_type = std::pair<std::string_view, std::string_view>;

  class const_iterator {
   public:
    using value_type = response_fields::value_type;
    using reference = value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::forward_iterator_tag;
    using iterator_category = std::input_iterator_tag;

    const_iterator() noexcept = default;
    const_iterator(const response_fields& fields, std::size_t index) noexcept : fields_(&fields), index_(index) {}
    value_type operator*() const noexcept { return (*fields_)[index_]; }
    const_iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    const_iterator operator++(int) noexcept { return {*fields_, index_++}; }
    friend bool operator==(const const_iterator& a, const const_iterator& b) noexcept { return a.index_ == b.index_; }

   private:
    const response_fields* fields_ = nullptr;
    std::size_t index_ = 0;
  };

  /// The positions of a name and a value in a string.
  struct position {
    std::uint32_t name_begin;
    std::uint32_t name_size;
    std::uint32_t value_begin;
    std::uint32_t value_size;
  };
  using position_list = recycled_vector<position>;

  response_fields() noexcept = default;
  response_fields(const response_fields& other);
  response_fields(response_fields&&) noexcept = default;
  response_fields& operator=(response_fields other) noexcept {
    content_ = std::move(other.content_);
    return *this;
  }
  /// Copies `text`, whose fields are at `positions`. Precondition: `text` is shorter than 4 GiB.
  response_fields(std::string_view text, position_list positions);
  response_fields(std::initializer_list<value_type> fields) {
    for (const auto& [name, value] : fields) emplace_back(name, value);
  }

  std::size_t size() const noexcept { return content_ ? content_->positions.size() : 0; }
  bool empty() const noexcept { return size() == 0; }
  /// Precondition: `index` is less than `size()`.
  value_type operator[](std::size_t index) const noexcept {
    const auto& found = content_->positions[index];
    const auto* const text = content_->text.data();
    return {{text + found.name_begin, found.name_size}, {text + found.value_begin, found.value_size}};
  }
  const_iterator begin() const noexcept { return {*this, 0}; }
  const_iterator end() const noexcept { return {*this, size()}; }

  /// Initial capacity of the positions; sufficient for most responses.
  static constexpr std::size_t initial_capacity = 16;

  void emplace_back(std::string_view name, std::string_view value);
  /// Removes the fields of this name; the comparison ignores case.
  void erase(std::string_view name);

  friend bool operator==(const response_fields& a, const response_fields& b) noexcept;

 private:
  struct content : recycled_object {
    recycled_string text;
    position_list positions;
  };

  /// The fields; null if there are none. This member is a single pointer, because a response moves through several
  /// coroutines.
  std::unique_ptr<content> content_;
};

}  // namespace cohort::http
