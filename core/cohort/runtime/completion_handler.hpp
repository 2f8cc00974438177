// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

#include <cohort/runtime/loop.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort {

/// Type-erased completion handler of an `async_operation`: it resumes the suspended coroutine with the result, and with
/// its activity. Move-only, called at most once, on the loop on which it was created. Does not allocate.
/// `asio::any_completion_handler` is not used, because it requires Boost 1.82 (Cohort supports 1.81) and allocates.
template <class Result>
class completion_handler {
 public:
  using cancellation_slot_type = asio::cancellation_slot;

  completion_handler() noexcept = default;

  template <class Handler>
    requires(!std::is_same_v<std::decay_t<Handler>, completion_handler>)
  explicit completion_handler(Handler&& handler)
      : loop_(&loop::current()),
        activity_(loop_->current_activity()),
        slot_(asio::get_associated_cancellation_slot(handler)) {
    using stored_type = std::decay_t<Handler>;
    static_assert(sizeof(stored_type) <= sizeof(storage_) && alignof(stored_type) <= alignof(std::max_align_t),
                  "the handler is too large for the storage of completion_handler");
    static_assert(std::is_nothrow_move_constructible_v<stored_type>);
    new (storage_) stored_type(std::forward<Handler>(handler));
    operations_ = &handler_operations<stored_type>;
  }

  completion_handler(completion_handler&& other) noexcept
      : operations_(std::exchange(other.operations_, nullptr)),
        loop_(other.loop_),
        activity_(other.activity_),
        slot_(other.slot_) {
    if (operations_) operations_->relocate(storage_, other.storage_);
  }
  completion_handler& operator=(completion_handler&& other) noexcept {
    if (this != &other) {
      this->~completion_handler();
      new (this) completion_handler(std::move(other));
    }
    return *this;
  }
  ~completion_handler() {
    if (operations_) operations_->destroy(storage_);
  }

  explicit operator bool() const noexcept { return operations_ != nullptr; }
  asio::cancellation_slot get_cancellation_slot() const noexcept { return slot_; }

  /// Resumes the coroutine before returning. Call it only as the last statement of a handler that the loop runs.
  void operator()(Result value) {
    loop_->enter_activity(activity_);
    std::exchange(operations_, nullptr)->invoke(storage_, std::move(value));
  }

  /// Resumes the coroutine from its loop's queue, not inside this call. May be called while the loop is stopped or
  /// being destroyed; the coroutine is then destroyed without being resumed.
  void post(Result value) {
    slot_.clear();
    auto resume = [handler = std::move(*this), value = std::move(value)]() mutable { handler(std::move(value)); };
    // Asio's own allocator keeps only 16 blocks. A busy loop posts more than 16 handlers per iteration.
    asio::post(loop_->get_executor(), asio::bind_allocator(recycling_allocator<std::byte>{}, std::move(resume)));
  }

 private:
  struct operations {
    void (*invoke)(void* storage, Result&& value);
    void (*relocate)(void* destination, void* source) noexcept;
    void (*destroy)(void* storage) noexcept;
  };

  template <class Handler>
  static void invoke(void* storage, Result&& value) {
    auto& stored_handler = *static_cast<Handler*>(storage);
    Handler handler(std::move(stored_handler));
    stored_handler.~Handler();  // NOLINT(bugprone-use-after-move): moved-from objects are destroyed, too
    std::move(handler)(std::move(value));
  }
  template <class Handler>
  static void relocate(void* destination, void* source) noexcept {
    auto& stored_handler = *static_cast<Handler*>(source);
    new (destination) Handler(std::move(stored_handler));
    stored_handler.~Handler();  // NOLINT(bugprone-use-after-move): moved-from objects are destroyed, too
  }
  template <class Handler>
  static void destroy(void* storage) noexcept {
    static_cast<Handler*>(storage)->~Handler();
  }
  template <class Handler>
  static constexpr operations handler_operations{&invoke<Handler>, &relocate<Handler>, &destroy<Handler>};

  alignas(std::max_align_t) unsigned char storage_[4 * sizeof(void*)];
  const operations* operations_ = nullptr;
  loop* loop_ = nullptr;
  /// The activity of the coroutine; null if it has none.
  activity* activity_ = nullptr;
  asio::cancellation_slot slot_;
};

/// Returns an awaitable for a `Result`. A coroutine that awaits it is suspended, and `initiation` is called with the
/// `completion_handler<Result>` that resumes the coroutine. `Result` must not be `error_code` or `std::exception_ptr`,
/// which Asio would throw.
template <class Result, class Initiation>
  requires(!std::is_same_v<Result, error_code> && !std::is_same_v<Result, std::exception_ptr>)
auto async_operation(Initiation initiation) {
  return asio::async_initiate<const asio::deferred_t&, void(Result)>(
      [initiation = std::move(initiation)](auto&& handler) mutable {
        std::move(initiation)(completion_handler<Result>(std::forward<decltype(handler)>(handler)));
      },
      asio::deferred);
}

/// Yields to the loop: the calling coroutine continues after the other ready handlers have run.
inline auto yield_to_loop() {
  return async_operation<std::monostate>([](completion_handler<std::monostate> handler) { handler.post({}); });
}

}  // namespace cohort
