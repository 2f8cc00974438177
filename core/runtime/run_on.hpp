#pragma once

#include "core/runtime/child.hpp"
#include "core/runtime/completion.hpp"

namespace cohort {

namespace detail {

/// What is shared by the two loops while one awaits work on the other.
template <class T>
struct remote_work {
  explicit remote_work(task<T> todo) : work(std::move(todo)) {}
  task<T> work;
  child<T> only;
};

}  // namespace detail

/// Runs `work` on another loop and waits here for its value. The two loops share nothing but this hand-over. Not
/// cancelled with the one that waits: give the work a deadline of its own.
template <class T>
task<detail::storable<T>> run_on(loop& other, task<T> work) {
  auto& home = loop::current();
  auto shared = std::make_shared<detail::remote_work<T>>(std::move(work));
  auto elsewhere = operation<std::monostate>([&home, &other, shared](completion<std::monostate> done) {
    auto carried = std::make_shared<completion<std::monostate>>(std::move(done));
    asio::post(other.get_executor(), [&home, shared, carried] {
      detail::start_child(shared->only, std::move(shared->work), [&home, shared, carried] {
        asio::post(home.get_executor(), [shared, carried] { (*carried)({}); });
      });
    });
  });
  co_await std::move(elsewhere);
  if (shared->only.outcome.failure) std::rethrow_exception(shared->only.outcome.failure);
  co_return std::move(*shared->only.outcome.value);
}

}  // namespace cohort
