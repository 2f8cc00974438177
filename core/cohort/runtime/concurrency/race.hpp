// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include <cohort/runtime/concurrency/when_all.hpp>

namespace cohort {

namespace detail {

template <class... T>
struct race_scope : when_all_scope<T...> {
  using base = when_all_scope<T...>;
  using base::base;

  void start_all() {
    this->running_children = sizeof...(T);
    start_each(std::index_sequence_for<T...>{});
  }
  template <std::size_t... I>
  void start_each(std::index_sequence<I...>) {
    (start_child_task(std::get<I>(this->children), std::move(std::get<I>(this->pending)),
                      [this] { on_child_ended(I); }),
     ...);
  }
  void on_child_ended(std::size_t index) {
    if (!winner) {
      winner = index;
      this->cancel_all();
    }
    if (--this->running_children == 0) this->on_ended.post({});
  }

  std::optional<std::size_t> winner;
};

}  // namespace detail

/// Runs all tasks concurrently on the current loop. The first task that ends, with a value or an exception, is the
/// winner; the other tasks are cancelled. Once all tasks have ended, returns the value of the winner (`std::monostate`
/// for `void`), or rethrows its exception. The index of the variant is the position of the winner. Cancelling the
/// caller cancels all tasks.
template <class... T>
  requires(sizeof...(T) > 0)
task<std::variant<detail::non_void_type<T>...>> race(task<T>... work) {
  detail::race_scope<T...> scope(std::move(work)...);
  auto scope_task = detail::run_scope(scope);
  co_await std::move(scope_task);

  std::optional<std::variant<detail::non_void_type<T>...>> result;
  const auto take_if_winner = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
    if (scope.winner != I) return;
    auto& child = std::get<I>(scope.children);
    if (child.outcome.failure) std::rethrow_exception(child.outcome.failure);
    result.emplace(std::in_place_index<I>, std::move(*child.outcome.value));
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (take_if_winner(std::integral_constant<std::size_t, I>{}), ...);
  }(std::index_sequence_for<T...>{});
  co_return std::move(*result);
}

}  // namespace cohort
