// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <cohort/runtime/synchronization/mutex.hpp>

namespace cohort {

/// Asynchronous one-time initialization on one loop, such as a lazy connection. All uses must be on that loop.
class once {
 public:
  bool is_done() const noexcept { return is_done_; }

  /// Runs the task that `initialize` returns, unless an earlier task has completed; waits while another caller runs it.
  /// An exception or cancellation of the task affects only the caller that runs it, and the next waiting caller runs
  /// `initialize`. Errors: `asio::error::timed_out` at `wait_deadline` (it limits only the wait, not the task),
  /// `operation_aborted` if the coroutine is cancelled while it waits.
  template <class Function>
  task<result<void>> call(deadline wait_deadline, Function initialize) {
    if (is_done_) co_return result<void>{};
    const auto locked = co_await mutex_.lock(wait_deadline);
    if (!locked) co_return locked.error();
    if (!is_done_) {
      task<> work = initialize();
      co_await std::move(work);
      is_done_ = true;
    }
    co_return result<void>{};
  }

 private:
  mutex mutex_;
  bool is_done_ = false;
};

}  // namespace cohort
