#pragma once

#include <functional>
#include <list>

#include "core/runtime/child.hpp"
#include "core/runtime/wait_queue.hpp"

namespace cohort {

/// Tasks of one loop that come and go under one owner: connections, refreshers. The owner hears of their failures, and
/// must have awaited `join` before it goes.
class task_group {
 public:
  using failure_handler = std::function<void(std::exception_ptr)>;

  /// `on_failure` hears of every exception but cancellation.
  explicit task_group(failure_handler on_failure) : on_failure_(std::move(on_failure)) {}
  ~task_group();
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  /// Starts it now, on this thread's loop, which must be the same for all of the group's life.
  void spawn(task<> work) {
    spawn_with([&](asio::cancellation_signal&) { return std::move(work); });
  }
  /// `make` gets the signal that cancels this one task, which stays valid while the task runs, and gives the task.
  template <class Make>
  void spawn_with(Make make) {
    const auto which = children_.emplace(children_.end());
    start(which, make(which->cancel));
  }
  /// Asks all that run now to end.
  void cancel();
  /// Ends when the group is empty. If the one that waits is cancelled, so is the group; the wait still goes on.
  /// In a task that may have been cancelled before, even this `co_await` would throw at once, and leave the group full:
  /// such an owner first awaits `asio::this_coro::throw_if_cancelled(false)`.
  task<> join();

  std::size_t size() const noexcept { return children_.size(); }
  bool empty() const noexcept { return children_.empty(); }

 private:
  using children = std::list<detail::child<void>>;
  void start(children::iterator which, task<> work);
  void on_done(children::iterator which);

  children children_;
  failure_handler on_failure_;
  completion<std::monostate> joining_;
};

}  // namespace cohort
