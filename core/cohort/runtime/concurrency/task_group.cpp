// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/concurrency/task_group.hpp>

#include <cassert>

namespace cohort {

task_group::~task_group() { assert(children_.empty() && "a task_group must be joined before it is destroyed"); }

void task_group::start(child_list::iterator child, task<> work) {
  auto& current = loop::current();
  current.task_counter().increment();
  // The child has no activity, because it can outlive the caller's activity.
  auto* const caller_activity = current.current_activity();
  current.enter_activity(nullptr);
  detail::start_child_task(*child, std::move(work), [this, child] {
    // The child's coroutine frame is still on the stack and must not outlive its cancellation signal.
    asio::post(loop::current().get_executor(), [this, child] { on_child_ended(child); });
  });
  current.enter_activity(caller_activity);
}

void task_group::on_child_ended(child_list::iterator child) {
  const auto failure = child->outcome.failure;
  children_.erase(child);
  loop::current().task_counter().decrement();
  if (failure && !is_cancellation(failure)) on_failure_(failure);
  if (children_.empty() && join_handler_) join_handler_.post({});
}

void task_group::cancel() {
  for (auto& child : children_) detail::cancel(child.cancel_signal);
}

task<> task_group::join() {
  if (children_.empty()) co_return;
  assert(!join_handler_ && "task_group::join was called while another join is waiting");
  // The handler below does not receive a cancellation from before this wait.
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) cancel();
  auto join_task = async_operation<std::monostate>([this](completion_handler<std::monostate> handler) {
    join_handler_ = std::move(handler);
    auto slot = join_handler_.get_cancellation_slot();
    if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { cancel(); });
  });
  co_await std::move(join_task);
}

}  // namespace cohort
