// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <utility>

namespace cohort::http {

/// Marks an object as in use until the end of a scope, so that two asynchronous calls do not mix their bytes.
class exclusive_use {
 public:
  /// Sets `is_in_use`, which must outlive the scope. Throws `std::logic_error` with the text `error` if it is set.
  exclusive_use(bool& is_in_use, const char* error) : is_in_use_(is_in_use) {
    if (std::exchange(is_in_use_, true)) throw std::logic_error{error};
  }
  ~exclusive_use() { is_in_use_ = false; }
  exclusive_use(const exclusive_use&) = delete;
  exclusive_use& operator=(const exclusive_use&) = delete;

 private:
  bool& is_in_use_;
};

}  // namespace cohort::http
