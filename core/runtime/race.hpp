#pragma once

#include <variant>

#include "core/runtime/when_all.hpp"

namespace cohort {

namespace detail {

template <class... T>
struct race_scope : all_scope<T...> {
  using base = all_scope<T...>;
  using base::base;

  void start_all() {
    this->remaining = sizeof...(T);
    start_each(std::index_sequence_for<T...>{});
  }
  template <std::size_t... I>
  void start_each(std::index_sequence<I...>) {
    (start_child(std::get<I>(this->children), std::move(std::get<I>(this->pending)), [this] { on_done(I); }), ...);
  }
  void on_done(std::size_t index) {
    if (!winner) {
      winner = index;
      this->cancel_all();
    }
    if (--this->remaining == 0) this->done.post({});
  }

  std::optional<std::size_t> winner;
};

}  // namespace detail

/// Runs all at once; the first to end, with a value or an exception, decides. The others are cancelled and waited for.
/// The variant's index says who won (`std::monostate` for `void`).
template <class... T>
  requires(sizeof...(T) > 0)
task<std::variant<detail::storable<T>...>> race(task<T>... work) {
  using outcome = std::variant<detail::storable<T>...>;
  detail::race_scope<T...> scope(std::move(work)...);
  auto running = detail::run_scope(scope);
  co_await std::move(running);

  std::optional<outcome> first;
  const auto take = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
    if (scope.winner != I) return;
    auto& slot = std::get<I>(scope.children);
    if (slot.outcome.failure) std::rethrow_exception(slot.outcome.failure);
    first.emplace(std::in_place_index<I>, std::move(*slot.outcome.value));
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (take(std::integral_constant<std::size_t, I>{}), ...);
  }(std::index_sequence_for<T...>{});
  co_return std::move(*first);
}

}  // namespace cohort
