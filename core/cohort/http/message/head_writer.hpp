// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort::http {

/// Appends a header section to memory that is reserved once, which is cheaper than appending each part to a string.
class head_writer {
 public:
  /// Appends at most `max_size` bytes to `output`, which must not be used before the writer is destroyed.
  head_writer(recycled_string& output, std::size_t max_size) : output_(output) {
    const auto start = output.size();
    output.resize(start + max_size);
    end_ = output.data() + start;
  }
  ~head_writer() {
    const auto size = static_cast<std::size_t>(end_ - output_.data());
    assert(size <= output_.size());
    output_.resize(size);
  }
  head_writer(const head_writer&) = delete;
  head_writer& operator=(const head_writer&) = delete;

  void text(std::string_view text) noexcept { end_ = std::copy_n(text.data(), text.size(), end_); }
  /// Appends a decimal number, for which up to 20 bytes must be left.
  void number(std::uint64_t number) noexcept { end_ = std::to_chars(end_, end_ + max_digits, number).ptr; }
  /// Appends `Name: value` with its CRLF.
  void field(std::string_view name, std::string_view value) noexcept {
    text(name);
    text(": ");
    text(value);
    text("\r\n");
  }

 private:
  static constexpr std::size_t max_digits = 20;
  recycled_string& output_;
  char* end_;
};

}  // namespace cohort::http
