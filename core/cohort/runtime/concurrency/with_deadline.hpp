// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/asio/error.hpp>
#include <utility>
#include <variant>

#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort {

namespace detail {

template <class T>
struct deadline_scope {
  deadline_scope(deadline task_deadline, task<T> work)
      : pending(std::move(work)), expiry(task_deadline), expiry_timer(loop::current().timers(), this) {}

  void start_all() {
    expiry_timer.arm(expiry.time());
    start_child_task(child, std::move(pending), [this] {
      expiry_timer.disarm();
      on_ended.post({});
    });
  }
  void cancel_all() { detail::cancel(child.cancel_signal); }
  void on_expiry() {
    has_timed_out = true;
    cancel_all();
  }

  task<T> pending;
  deadline expiry;
  child_task<T> child;
  bool has_timed_out = false;
  bool is_cancelled = false;
  bound_timer<&deadline_scope::on_expiry> expiry_timer;
  completion_handler<std::monostate> on_ended;
};

}  // namespace detail

/// Runs `work` and returns its value (`std::monostate` for `void`). If `work` has not ended at `task_deadline`, it is
/// cancelled; once it has ended, the result is `asio::error::timed_out`, regardless of its value. An exception of
/// `work` that is not a cancellation is rethrown.
template <class T>
task<result<detail::non_void_type<T>>> with_deadline(deadline task_deadline, task<T> work) {
  using result_type = result<detail::non_void_type<T>>;
  detail::deadline_scope<T> scope(task_deadline, std::move(work));
  auto scope_task = detail::run_scope(scope);
  co_await std::move(scope_task);
  auto& outcome = scope.child.outcome;
  if (outcome.failure && !(scope.has_timed_out && is_cancellation(outcome.failure))) {
    std::rethrow_exception(outcome.failure);
  }
  // The tags are required if `T` is itself a result.
  if (scope.has_timed_out) co_return result_type(boost::system::in_place_error, asio::error::timed_out);
  co_return result_type(boost::system::in_place_value, std::move(*outcome.value));
}

}  // namespace cohort
