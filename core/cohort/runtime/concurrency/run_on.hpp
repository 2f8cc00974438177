// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/runtime/completion_handler.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>

namespace cohort {

namespace detail {

/// The state of a task that one loop awaits while another loop runs it.
template <class T>
struct remote_task {
  explicit remote_task(task<T> pending_work) : work(std::move(pending_work)) {}
  task<T> work;
  child_task<T> child;
};

}  // namespace detail

/// Runs `work` on the loop `target` and returns its value on the calling loop (`std::monostate` for `void`); an
/// exception of `work` is rethrown on the calling loop. Cancelling the caller does not cancel `work`, so `work` should
/// have a deadline.
template <class T>
task<detail::non_void_type<T>> run_on(loop& target, task<T> work) {
  auto& caller_loop = loop::current();
  auto remote = std::make_shared<detail::remote_task<T>>(std::move(work));
  auto run_task =
      async_operation<std::monostate>([&caller_loop, &target, remote](completion_handler<std::monostate> handler) {
        auto shared_handler = std::make_shared<completion_handler<std::monostate>>(std::move(handler));
        asio::post(target.get_executor(), [&caller_loop, remote, shared_handler] {
          detail::start_child_task(remote->child, std::move(remote->work), [&caller_loop, remote, shared_handler] {
            asio::post(caller_loop.get_executor(), [remote, shared_handler] { (*shared_handler)({}); });
          });
        });
      });
  co_await std::move(run_task);
  if (remote->child.outcome.failure) std::rethrow_exception(remote->child.outcome.failure);
  co_return std::move(*remote->child.outcome.value);
}

}  // namespace cohort
