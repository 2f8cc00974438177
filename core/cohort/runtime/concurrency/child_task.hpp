// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <cohort/runtime/loop.hpp>

namespace cohort::detail {

/// `std::monostate` for `void`, otherwise `T`.
template <class T>
using non_void_type = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// The result of a task: a value or an exception. Empty while the task runs.
template <class T>
struct task_outcome {
  std::optional<non_void_type<T>> value;
  std::exception_ptr failure;
};

/// The state of one child task of a scope.
template <class T>
struct child_task {
  asio::cancellation_signal cancel_signal;
  task_outcome<T> outcome;
};

/// The bottom coroutine of a stack of coroutines. Asio has no public name for its type. Asio's `co_spawn` would add a
/// coroutine that only waits for the executor, and a second cancellation signal, which doubles the cost of a child.
using stack_bottom = asio::awaitable<asio::detail::awaitable_thread_entry_point, executor>;

/// Starts the coroutine on the current loop and runs it up to its first suspension.
void start_stack(stack_bottom bottom, asio::cancellation_slot slot);

/// Calls `on_done` if the child has suspended. Otherwise, posts `on_done` to the loop, because the function that
/// started the child is still running.
void end_child(std::function<void()>& on_done, bool has_suspended);

/// Throws `std::logic_error` for a task without a coroutine, which must not be awaited. A user's function may return
/// such a task.
template <class T>
void check_not_empty(const task<T>& work) {
  if (!work.valid()) throw_empty_task();
}

template <class T>
stack_bottom run_child(task<T> work, task_outcome<T>* outcome, std::function<void()> on_done) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      outcome->value.emplace();
    } else {
      auto value = co_await std::move(work);
      outcome->value.emplace(std::move(value));
    }
  } catch (...) {
    outcome->failure = std::current_exception();
  }
  const bool has_suspended = co_await asio::detail::awaitable_thread_has_context_switched{};
  end_child(on_done, has_suspended);
}

/// Starts `work` on the current loop and runs it up to its first suspension. `on_done` is called once, from the loop's
/// queue and not inside this call; `child` must live until then. The call does not allocate memory if `on_done`
/// captures at most two pointers.
template <class T>
void start_child_task(child_task<T>& child, task<T> work, std::function<void()> on_done) {
  start_stack(run_child<T>(std::move(work), &child.outcome, std::move(on_done)), child.cancel_signal.slot());
}

/// Emits a terminal cancellation: the only type that Asio's coroutines accept by default.
inline void cancel(asio::cancellation_signal& signal) { signal.emit(asio::cancellation_type::terminal); }

}  // namespace cohort::detail

namespace cohort {

/// True for the exception that unwinds a cancelled coroutine (`operation_aborted`), false for other exceptions and for
/// null.
bool is_cancellation(const std::exception_ptr& failure) noexcept;

/// The message of an exception (`what()`), for logs. The message is "unknown exception" if the exception is not derived
/// from `std::exception`. Precondition: `failure` is not null.
std::string exception_message(const std::exception_ptr& failure);

}  // namespace cohort
