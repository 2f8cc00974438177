#pragma once

#include <tuple>
#include <vector>

#include "core/runtime/child.hpp"
#include "core/runtime/completion.hpp"

namespace cohort {

namespace detail {

/// Awaitable that starts children and ends when the last of them has. Cancelling it cancels the children; it still
/// waits for them, so that nothing of theirs outlives the scope. `Each` visits the children's `child<T>` in order.
template <class Scope>
auto run_scope(Scope& scope) {
  return operation<std::monostate>([&scope](completion<std::monostate> done) {
    scope.done = std::move(done);
    auto slot = scope.done.get_cancellation_slot();
    if (slot.is_connected()) {
      slot.assign([&scope](asio::cancellation_type) {
        scope.cancelled = true;
        scope.cancel_all();
      });
    }
    scope.start_all();
    // By one of the children, before those after it were there to hear of it.
    if (scope.cancelled) scope.cancel_all();
  });
}

template <class... T>
struct all_scope {
  explicit all_scope(task<T>... work) : pending(std::move(work)...) {}

  void start_all() {
    remaining = sizeof...(T);
    std::apply([this](auto&... slot) { this->start_each(std::index_sequence_for<T...>{}, slot...); }, children);
  }
  void cancel_all() {
    std::apply([](auto&... slot) { (detail::cancel(slot.cancel), ...); }, children);
  }
  template <std::size_t... I>
  void start_each(std::index_sequence<I...>, child<T>&... slot) {
    (start_child(slot, std::move(std::get<I>(pending)), [this, &slot] { on_done(slot.outcome.failure); }), ...);
  }
  void on_done(const std::exception_ptr& failure) {
    if (failure && !first_failure) {
      first_failure = failure;
      cancel_all();
    }
    if (--remaining == 0) done.post({});
  }

  std::tuple<task<T>...> pending;
  std::tuple<child<T>...> children;
  std::size_t remaining = 0;
  std::exception_ptr first_failure;
  bool cancelled = false;
  completion<std::monostate> done;
};

template <class T>
struct range_scope {
  explicit range_scope(std::vector<task<T>> work) : pending(std::move(work)), children(pending.size()) {}

  void start_all() {
    remaining = children.size();
    for (std::size_t i = 0; i < children.size(); ++i) {
      auto& slot = children[i];
      start_child(slot, std::move(pending[i]), [this, &slot] { on_done(slot.outcome.failure); });
    }
  }
  void cancel_all() {
    for (auto& slot : children) detail::cancel(slot.cancel);
  }
  void on_done(const std::exception_ptr& failure) {
    if (failure && !first_failure) {
      first_failure = failure;
      cancel_all();
    }
    if (--remaining == 0) done.post({});
  }

  std::vector<task<T>> pending;
  std::vector<child<T>> children;
  std::size_t remaining = 0;
  std::exception_ptr first_failure;
  bool cancelled = false;
  completion<std::monostate> done;
};

}  // namespace detail

/// Runs all at once on this loop and gives their values, in order (`std::monostate` for `void`). When one throws, the
/// others are cancelled and, once all have ended, that exception goes on.
template <class... T>
  requires(sizeof...(T) > 0)
task<std::tuple<detail::storable<T>...>> when_all(task<T>... work) {
  detail::all_scope<T...> scope(std::move(work)...);
  auto running = detail::run_scope(scope);
  co_await std::move(running);
  if (scope.first_failure) std::rethrow_exception(scope.first_failure);
  co_return std::apply(
      [](auto&... slot) { return std::tuple<detail::storable<T>...>(std::move(*slot.outcome.value)...); },
      scope.children);
}

/// The same for as many as there are.
template <class T>
task<std::vector<detail::storable<T>>> when_all(std::vector<task<T>> work) {
  std::vector<detail::storable<T>> values;
  if (work.empty()) co_return values;
  detail::range_scope<T> scope(std::move(work));
  auto running = detail::run_scope(scope);
  co_await std::move(running);
  if (scope.first_failure) std::rethrow_exception(scope.first_failure);
  for (auto& slot : scope.children) values.push_back(std::move(*slot.outcome.value));
  co_return values;
}

}  // namespace cohort
