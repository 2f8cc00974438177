// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include <cohort/runtime/blocking/blocking_error.hpp>
#include <cohort/runtime/concurrency/child_task.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_event.hpp>

namespace cohort::detail {

template <class T>
struct blocking_value {
  using type = T;
};
/// Flattens the result type: a job that returns a `result` does not produce a `result` of a `result`.
template <class T>
struct blocking_value<result<T>> {
  using type = T;
};

/// A function for a thread of the pool, shared by that thread and the coroutine that waits for it.
class blocking_job {
 public:
  explicit blocking_job(std::string name) : name_(std::move(name)) {}
  virtual ~blocking_job() = default;
  blocking_job(const blocking_job&) = delete;
  blocking_job& operator=(const blocking_job&) = delete;

  /// Calls the function, and stores its value or exception.
  virtual void execute() noexcept = 0;

  const std::string& name() const noexcept { return name_; }
  std::stop_source& stop_source() noexcept { return stop_source_; }
  cross_thread_event& ended() noexcept { return *ended_; }
  /// The reason why the job was not executed. Set before `ended`.
  std::optional<blocking_error> drop_reason;

 private:
  std::string name_;
  std::stop_source stop_source_;
  std::shared_ptr<cross_thread_event> ended_ = cross_thread_event::make();
};

template <class Function>
auto call_blocking(Function& function, std::stop_token token) {
  if constexpr (std::is_invocable_v<Function&, std::stop_token>) {
    return function(std::move(token));
  } else {
    return function();
  }
}
template <class Function>
using blocking_return = decltype(call_blocking(std::declval<Function&>(), std::stop_token{}));

template <class Function>
class blocking_function final : public blocking_job {
 public:
  using return_type = blocking_return<Function>;
  using result_type = result<typename blocking_value<return_type>::type>;

  blocking_function(Function function, std::string name)
      : blocking_job(std::move(name)), function_(std::move(function)) {}

  void execute() noexcept override {
    try {
      if constexpr (std::is_void_v<return_type>) {
        call_blocking(*function_, stop_source().get_token());
        outcome_.value.emplace();
      } else {
        outcome_.value.emplace(call_blocking(*function_, stop_source().get_token()));
      }
    } catch (...) {
      outcome_.failure = std::current_exception();
    }
    // The function is destroyed on this thread, because its captures may belong to the thread.
    function_.reset();
  }

  result_type take() {
    // The pool's thread may destroy the job later than the coroutine does, but must not be the last owner of the
    // exception.
    if (outcome_.failure) std::rethrow_exception(std::exchange(outcome_.failure, nullptr));
    if constexpr (std::is_void_v<return_type>) {
      return result_type{};
    } else if constexpr (std::is_same_v<return_type, result_type>) {
      return std::move(*outcome_.value);
    } else {
      return result_type(boost::system::in_place_value, std::move(*outcome_.value));
    }
  }

 private:
  std::optional<Function> function_;
  task_outcome<return_type> outcome_;
};

}  // namespace cohort::detail
