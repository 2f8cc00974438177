#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "core/runtime/loop.hpp"

namespace cohort {

/// The suspended coroutine that gets an operation's result: Asio's handler, with its type erased so that operations can
/// sit behind a virtual function, and without an allocation. Move-only; called once, on its loop.
/// (Boost 1.82 brings `any_completion_handler`; this serves 1.81, and costs less since it holds one kind of handler.)
template <class Result>
class completion {
 public:
  using cancellation_slot_type = asio::cancellation_slot;

  completion() noexcept = default;

  template <class Handler>
    requires(!std::is_same_v<std::decay_t<Handler>, completion>)
  explicit completion(Handler&& handler)
      : context_(&loop::current().context()), slot_(asio::get_associated_cancellation_slot(handler)) {
    using stored = std::decay_t<Handler>;
    static_assert(sizeof(stored) <= sizeof(storage_) && alignof(stored) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<stored>);
    new (storage_) stored(std::forward<Handler>(handler));
    actions_ = &actions_for<stored>;
  }

  completion(completion&& other) noexcept
      : actions_(std::exchange(other.actions_, nullptr)), context_(other.context_), slot_(other.slot_) {
    if (actions_) actions_->relocate(storage_, other.storage_);
  }
  completion& operator=(completion&& other) noexcept {
    if (this != &other) {
      this->~completion();
      new (this) completion(std::move(other));
    }
    return *this;
  }
  ~completion() {
    if (actions_) actions_->destroy(storage_);
  }

  explicit operator bool() const noexcept { return actions_ != nullptr; }
  asio::cancellation_slot get_cancellation_slot() const noexcept { return slot_; }

  /// Resumes the coroutine here and now. Only for the last step of a handler that the loop runs.
  void operator()(Result value) { std::exchange(actions_, nullptr)->invoke(storage_, std::move(value)); }

  /// Resumes it from its loop's queue: never inside whoever completes or cancels the operation. Also while the loop
  /// stands still or is being destroyed, for what goes down with it may tell those who wait.
  void post(Result value) {
    slot_.clear();
    asio::post(context_->get_executor(),
               [self = std::move(*this), value = std::move(value)]() mutable { self(std::move(value)); });
  }

 private:
  struct actions {
    void (*invoke)(void*, Result&&);
    void (*relocate)(void* to, void* from) noexcept;
    void (*destroy)(void*) noexcept;
  };

  template <class Handler>
  static constexpr actions actions_for{[](void* at, Result&& value) {
                                         auto& stored = *static_cast<Handler*>(at);
                                         Handler handler(std::move(stored));
                                         stored.~Handler();  // NOLINT(bugprone-use-after-move): still to be ended
                                         std::move(handler)(std::move(value));
                                       },
                                       [](void* to, void* from) noexcept {
                                         auto& stored = *static_cast<Handler*>(from);
                                         new (to) Handler(std::move(stored));
                                         stored.~Handler();  // NOLINT(bugprone-use-after-move): still to be ended
                                       },
                                       [](void* at) noexcept { static_cast<Handler*>(at)->~Handler(); }};

  alignas(std::max_align_t) unsigned char storage_[4 * sizeof(void*)];
  const actions* actions_ = nullptr;
  asio::io_context* context_ = nullptr;
  asio::cancellation_slot slot_;
};

/// Makes something that a coroutine can `co_await` for a `Result`: `start` is called once it is suspended, with the
/// `completion<Result>` that resumes it. `Result` is no bare `error_code` or `exception_ptr`: Asio would throw those.
template <class Result, class Start>
  requires(!std::is_same_v<Result, error_code> && !std::is_same_v<Result, std::exception_ptr>)
auto operation(Start start) {
  return asio::async_initiate<const asio::deferred_t&, void(Result)>(
      [start = std::move(start)](auto&& handler) mutable {
        std::move(start)(completion<Result>(std::forward<decltype(handler)>(handler)));
      },
      asio::deferred);
}

}  // namespace cohort
