#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/runtime/loop.hpp"

namespace cohort::detail {

/// `void` has no values to keep; a monostate stands for it.
template <class T>
using storable = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// What a finished child left: a value or an exception.
template <class T>
struct child_outcome {
  std::optional<storable<T>> value;
  std::exception_ptr failure;
};

/// What every kind of scope keeps for a child: how to cancel it, and what became of it.
template <class T>
struct child {
  asio::cancellation_signal cancel;
  child_outcome<T> outcome;
};

template <class T>
task<> keep_outcome(task<T> work, child_outcome<T>* kept) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      kept->value.emplace();
    } else {
      auto value = co_await std::move(work);
      kept->value.emplace(std::move(value));
    }
  } catch (...) {
    kept->failure = std::current_exception();
  }
  // After a task that never waited, `co_spawn` awaits once more itself. Were that task cancelled by then, this would
  // throw past everybody, out of the loop, and nobody would hear of the task's end.
  co_await asio::this_coro::throw_if_cancelled(false);
}

/// Starts `work` here and now, up to its first wait, as a child of whoever owns `slot`, which must stay until `done`
/// has been called, once, from the loop, and never before this returns.
template <class T, class Done>
void start_child(child<T>& slot, task<T> work, Done done) {
  auto finish = [done = std::move(done)](std::exception_ptr) mutable { done(); };
  asio::co_spawn(loop::current().get_executor(), keep_outcome<T>(std::move(work), &slot.outcome),
                 asio::bind_cancellation_slot(slot.cancel.slot(), std::move(finish)));
}

/// Only `terminal` passes the default filter of an Asio coroutine.
inline void cancel(asio::cancellation_signal& signal) { signal.emit(asio::cancellation_type::terminal); }

/// Whether this is how a cancelled coroutine unwinds, rather than a fault.
bool is_cancellation(const std::exception_ptr& failure) noexcept;

}  // namespace cohort::detail

namespace cohort {

/// What an exception says of itself, for a log.
std::string what_of(const std::exception_ptr& failure);

}  // namespace cohort
