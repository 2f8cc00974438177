// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <new>
#include <utility>

namespace cohort {

namespace detail {

struct thread_object_holder {
  virtual ~thread_object_holder() = default;
  thread_object_holder* previous = nullptr;
};
void destroy_at_thread_end(std::unique_ptr<thread_object_holder> holder) noexcept;

template <class T>
T*& thread_object_pointer() noexcept {
  constinit thread_local T* object = nullptr;
  return object;
}

template <class T>
struct typed_thread_object_holder final : thread_object_holder {
  ~typed_thread_object_holder() override { thread_object_pointer<T>() = nullptr; }
  T object{};
};

}  // namespace detail

/// Prepares the calling thread for `thread_object`. Each event loop and each thread of `blocking_pool` calls this
/// function when it starts. If there is no memory for the preparation, glibc terminates the program ("failed to
/// register TLS destructor").
void prepare_thread_objects() noexcept;

/// The object of type `T` that belongs to the calling thread, or null if there is no memory for it. The object is
/// created by the first call. The objects of a thread are destroyed when the thread ends, in the reverse order of
/// creation.
template <class T>
T* try_thread_object() noexcept {
  auto*& object = detail::thread_object_pointer<T>();
  if (object) [[likely]]
    return object;
  try {
    auto holder = std::make_unique<detail::typed_thread_object_holder<T>>();
    object = &holder->object;
    detail::destroy_at_thread_end(std::move(holder));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  return object;
}

/// Like `try_thread_object`, but throws `std::bad_alloc` if there is no memory. Use it instead of a `thread_local`
/// object with a destructor, whose first use on a thread terminates the program if there is no memory.
template <class T>
T& thread_object() {
  if (auto* const object = try_thread_object<T>()) return *object;
  throw std::bad_alloc{};
}

}  // namespace cohort
