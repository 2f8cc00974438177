// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort {

/// Like `std::optional`, but the value is in recycled memory, so that the object has the size of a pointer. Use it for
/// rarely needed parts of a long-lived object.
template <class T>
class recycled_optional {
 public:
  recycled_optional() noexcept = default;
  ~recycled_optional() { reset(); }
  recycled_optional(const recycled_optional&) = delete;
  recycled_optional& operator=(const recycled_optional&) = delete;

  /// Destroys the value, if there is one, and constructs a new value. If the constructor throws, there is no value.
  template <class... Arguments>
  T& emplace(Arguments&&... arguments) {
    reset();
    struct memory_guard {
      T* memory = recycling_allocator<T>{}.allocate(1);
      ~memory_guard() {
        if (memory) recycling_allocator<T>{}.deallocate(memory, 1);
      }
    } guard;
    value_ = std::construct_at(guard.memory, std::forward<Arguments>(arguments)...);
    guard.memory = nullptr;
    return *value_;
  }
  void reset() noexcept {
    if (!value_) return;
    auto* const destroyed_value = std::exchange(value_, nullptr);
    std::destroy_at(destroyed_value);
    recycling_allocator<T>{}.deallocate(destroyed_value, 1);
  }

  explicit operator bool() const noexcept { return value_ != nullptr; }
  // Precondition: there is a value.
  T* operator->() noexcept { return value_; }
  const T* operator->() const noexcept { return value_; }
  T& operator*() noexcept { return *value_; }
  const T& operator*() const noexcept { return *value_; }

 private:
  T* value_ = nullptr;
};

}  // namespace cohort
