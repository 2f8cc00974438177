// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/this_coro.hpp>
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
using non_void = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Result of a task that has ended: a value or an exception. Empty while the task runs.
template <class T>
struct task_outcome {
  std::optional<non_void<T>> value;
  std::exception_ptr failure;
};

/// State that a scope keeps for each of its child tasks.
template <class T>
struct child_task {
  asio::cancellation_signal cancel_signal;
  task_outcome<T> outcome;
};

template <class T>
task<> store_outcome(task<T> work, task_outcome<T>* outcome) {
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
  // `co_spawn` itself awaits once more after a task that never suspended. If the task had been cancelled by then, that
  // await would throw out of the loop, and the child's completion would be lost.
  co_await asio::this_coro::throw_if_cancelled(false);
}

/// `start_child_task` for a task that stores its outcome. This is not a template, so that Asio's `co_spawn` is compiled
/// once only.
void start_stored_task(task<> work, asio::cancellation_slot slot, std::function<void()> on_done);

/// Starts `work` on the current loop and runs it up to its first suspension. `on_done` is called once, from the loop's
/// queue and not inside this call; `child` must live until then. It does not allocate if `on_done` captures at most two
/// pointers.
template <class T>
void start_child_task(child_task<T>& child, task<T> work, std::function<void()> on_done) {
  start_stored_task(store_outcome<T>(std::move(work), &child.outcome), child.cancel_signal.slot(), std::move(on_done));
}

/// Emits a terminal cancellation: the only type that Asio's coroutines accept by default.
inline void cancel(asio::cancellation_signal& signal) { signal.emit(asio::cancellation_type::terminal); }

}  // namespace cohort::detail

namespace cohort {

/// True for the exception that unwinds a cancelled coroutine (`operation_aborted`), false for any other and for null.
bool is_cancellation(const std::exception_ptr& failure) noexcept;

/// The message of an exception (`what()`), for logs. "unknown exception" if it is not derived from `std::exception`.
/// Precondition: `failure` is not null.
std::string exception_message(const std::exception_ptr& failure);

}  // namespace cohort
