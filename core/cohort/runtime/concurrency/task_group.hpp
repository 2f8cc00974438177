// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <utility>
#include <variant>

#include <cohort/runtime/completion_handler.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>

namespace cohort {

/// A set of tasks with one owner, such as the connections of a server. Tasks can be added and can end at any time. All
/// member functions must be called on one loop. Precondition of the destructor (asserted): the group is empty, which
/// `join` ensures.
class task_group {
 public:
  using failure_handler = std::function<void(std::exception_ptr)>;

  /// `on_failure` receives every exception that a task throws, except cancellation.
  explicit task_group(failure_handler on_failure) : on_failure_(std::move(on_failure)) {}
  ~task_group();
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  /// Starts `work` on the current loop and runs it up to its first suspension.
  void spawn(task<> work) {
    spawn_cancellable([&](asio::cancellation_signal&) { return std::move(work); });
  }
  /// Starts the task that `factory` returns. `factory` receives the signal that cancels only this task, by
  /// `signal.emit(asio::cancellation_type::terminal)`; the signal is valid while the task runs.
  template <class Factory>
  void spawn_cancellable(Factory factory) {
    const auto child = children_.emplace(children_.end());
    start(child, factory(child->cancel_signal));
  }
  /// Cancels all tasks that are currently running, without waiting for them.
  void cancel();
  /// Completes when the group is empty. Only one caller may wait at a time (asserted). Cancelling the caller cancels
  /// the tasks; `join` then still waits until the group is empty. A caller that may have been cancelled before must
  /// first await `asio::this_coro::throw_if_cancelled(false)`. Otherwise, awaiting `join` throws immediately, before
  /// the group is empty.
  task<> join();

  std::size_t size() const noexcept { return children_.size(); }
  bool empty() const noexcept { return children_.empty(); }

 private:
  using child_list = std::list<detail::child_task<void>>;
  void start(child_list::iterator child, task<> work);
  void on_child_ended(child_list::iterator child);

  child_list children_;
  failure_handler on_failure_;
  completion_handler<std::monostate> join_handler_;
};

}  // namespace cohort
