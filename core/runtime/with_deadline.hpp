#pragma once

#include <boost/asio/error.hpp>

#include "core/runtime/when_all.hpp"

namespace cohort {

namespace detail {

template <class T>
struct deadline_scope {
  deadline_scope(deadline limit, task<T> work)
      : pending(std::move(work)), until(limit), expiry(loop::current().timers(), this) {}

  void start_all() {
    if (!until.is_never()) expiry.arm(until.at());
    start_child(only, std::move(pending), [this] {
      expiry.disarm();
      done.post({});
    });
  }
  void cancel_all() { detail::cancel(only.cancel); }
  void on_expiry() {
    late = true;
    cancel_all();
  }

  task<T> pending;
  deadline until;
  child<T> only;
  bool late = false;
  bool cancelled = false;
  bound_timer<&deadline_scope::on_expiry> expiry;
  completion<std::monostate> done;
};

}  // namespace detail

/// Runs `work` until `until` at the latest, then cancels it, waits for it, and gives `asio::error::timed_out` in place
/// of whatever it had to say. A task that heeds cancellation ends within the tick.
template <class T>
task<result<detail::storable<T>>> with_deadline(deadline until, task<T> work) {
  using answer = result<detail::storable<T>>;
  detail::deadline_scope<T> scope(until, std::move(work));
  auto running = detail::run_scope(scope);
  co_await std::move(running);
  auto& outcome = scope.only.outcome;
  if (outcome.failure && !(scope.late && detail::is_cancellation(outcome.failure))) {
    std::rethrow_exception(outcome.failure);
  }
  // Said in full, since `T` may be a result itself.
  if (scope.late) co_return answer(boost::system::in_place_error, asio::error::timed_out);
  co_return answer(boost::system::in_place_value, std::move(*outcome.value));
}

}  // namespace cohort
