// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <cohort/runtime/completion_handler.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>

namespace cohort {

namespace detail {

/// Returns an awaitable that starts the child tasks of `scope` and completes when all have ended. Cancelling the
/// awaitable cancels the children and still waits for them, so that no child outlives the scope. `scope` must have
/// `start_all()`, `cancel_all()`, `bool is_cancelled`, and `completion_handler<std::monostate> on_ended`, to which it
/// posts once the last child has ended.
template <class Scope>
auto run_scope(Scope& scope) {
  return async_operation<std::monostate>([&scope](completion_handler<std::monostate> handler) {
    scope.on_ended = std::move(handler);
    auto slot = scope.on_ended.get_cancellation_slot();
    if (slot.is_connected()) {
      slot.assign([&scope](asio::cancellation_type) {
        scope.is_cancelled = true;
        scope.cancel_all();
      });
    }
    scope.start_all();
    // A child cancelled the scope while it started; the children after it have not received the signal.
    if (scope.is_cancelled) scope.cancel_all();
  });
}

template <class... T>
struct when_all_scope {
  explicit when_all_scope(task<T>... work) : pending(std::move(work)...) {}

  void start_all() {
    running_children = sizeof...(T);
    std::apply([this](auto&... child) { this->start_each(std::index_sequence_for<T...>{}, child...); }, children);
  }
  void cancel_all() {
    std::apply([](auto&... child) { (detail::cancel(child.cancel_signal), ...); }, children);
  }
  template <std::size_t... I>
  void start_each(std::index_sequence<I...>, child_task<T>&... child) {
    (start_child_task(child, std::move(std::get<I>(pending)),
                      [this, &child] { on_child_ended(child.outcome.failure); }),
     ...);
  }
  void on_child_ended(const std::exception_ptr& failure) {
    if (failure && !first_failure) {
      first_failure = failure;
      cancel_all();
    }
    if (--running_children == 0) on_ended.post({});
  }

  std::tuple<task<T>...> pending;
  std::tuple<child_task<T>...> children;
  std::size_t running_children = 0;
  std::exception_ptr first_failure;
  bool is_cancelled = false;
  completion_handler<std::monostate> on_ended;
};

template <class T>
struct when_all_range_scope {
  explicit when_all_range_scope(std::vector<task<T>> work) : pending(std::move(work)), children(pending.size()) {}

  void start_all() {
    running_children = children.size();
    for (std::size_t i = 0; i < children.size(); ++i) {
      auto& child = children[i];
      start_child_task(child, std::move(pending[i]), [this, &child] { on_child_ended(child.outcome.failure); });
    }
  }
  void cancel_all() {
    for (auto& child : children) detail::cancel(child.cancel_signal);
  }
  void on_child_ended(const std::exception_ptr& failure) {
    if (failure && !first_failure) {
      first_failure = failure;
      cancel_all();
    }
    if (--running_children == 0) on_ended.post({});
  }

  std::vector<task<T>> pending;
  std::vector<child_task<T>> children;
  std::size_t running_children = 0;
  std::exception_ptr first_failure;
  bool is_cancelled = false;
  completion_handler<std::monostate> on_ended;
};

}  // namespace detail

/// Runs all tasks concurrently on the current loop. Returns their values in the order of the arguments
/// (`std::monostate` for `void`). If a task throws, the other tasks are cancelled; once all tasks have ended, the first
/// exception is rethrown. Cancelling the caller cancels all tasks.
template <class... T>
  requires(sizeof...(T) > 0)
task<std::tuple<detail::non_void_type<T>...>> when_all(task<T>... work) {
  detail::when_all_scope<T...> scope(std::move(work)...);
  auto scope_task = detail::run_scope(scope);
  co_await std::move(scope_task);
  if (scope.first_failure) std::rethrow_exception(scope.first_failure);
  // References, so that each value is moved once, into the result.
  co_return std::apply([](auto&... child) { return std::forward_as_tuple(std::move(*child.outcome.value)...); },
                       scope.children);
}

/// Like the overload above, but for a vector of tasks. Returns an empty vector if `work` is empty.
template <class T>
task<std::vector<detail::non_void_type<T>>> when_all(std::vector<task<T>> work) {
  std::vector<detail::non_void_type<T>> values;
  if (work.empty()) co_return values;
  detail::when_all_range_scope<T> scope(std::move(work));
  auto scope_task = detail::run_scope(scope);
  co_await std::move(scope_task);
  if (scope.first_failure) std::rethrow_exception(scope.first_failure);
  for (auto& child : scope.children) values.push_back(std::move(*child.outcome.value));
  co_return values;
}

}  // namespace cohort
