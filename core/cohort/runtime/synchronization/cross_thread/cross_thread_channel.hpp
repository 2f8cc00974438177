// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cassert>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include <cohort/runtime/synchronization/cross_thread/cross_thread_waiters.hpp>

namespace cohort {

/// Bounded FIFO queue between the coroutines of all loops; other threads use `try_send` and `try_receive`. The
/// coroutine that has waited longest receives the next value, and its loop is woken. Thread-safe. The channel must
/// outlive its waits.
template <class T>
class cross_thread_channel {
 public:
  /// Precondition: `capacity` is at least 1.
  explicit cross_thread_channel(std::size_t capacity) : capacity_(capacity) { assert(capacity > 0); }
  cross_thread_channel(const cross_thread_channel&) = delete;
  cross_thread_channel& operator=(const cross_thread_channel&) = delete;

  /// Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the coroutine is cancelled,
  /// `broken_pipe` if the channel is closed. After an error, the value is dropped.
  task<result<void>> send(T value, deadline wait_deadline) {
    std::shared_ptr<sender> waiter;
    {
      const std::lock_guard lock{mutex_};
      if (is_closed_) co_return error_code{asio::error::broken_pipe};
      if (try_push(value)) co_return result<void>{};
      waiter = std::make_shared<sender>(std::move(value));
      senders_.add(waiter);
    }
    detail::scope_guard removal_guard{[&] { remove(senders_, waiter); }};
    const auto status = co_await waiter->wakeup.wait(wait_deadline);
    removal_guard.dismiss();
    if (!remove(senders_, waiter)) co_return detail::wait_error(status);
    if (!waiter->is_accepted) co_return error_code{asio::error::broken_pipe};
    co_return result<void>{};
  }
  /// Sends without waiting. Returns false, and leaves `value` unchanged, if the channel is full or closed. Safe from
  /// any thread.
  bool try_send(T&& value) {
    const std::lock_guard lock{mutex_};
    return !is_closed_ && try_push(value);
  }

  /// Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the coroutine is cancelled, `eof` if
  /// the channel is closed and empty.
  task<result<T>> receive(deadline wait_deadline) {
    std::shared_ptr<receiver> waiter;
    {
      const std::lock_guard lock{mutex_};
      if (auto value = try_pop()) co_return detail::make_value_result(std::move(*value));
      if (is_closed_) co_return detail::make_error_result<T>(asio::error::eof);
      waiter = std::make_shared<receiver>();
      receivers_.add(waiter);
    }
    detail::scope_guard removal_guard{[&] { remove(receivers_, waiter); }};
    const auto status = co_await waiter->wakeup.wait(wait_deadline);
    removal_guard.dismiss();
    if (!remove(receivers_, waiter)) co_return detail::make_error_result<T>(detail::wait_error(status));
    if (!waiter->value) co_return detail::make_error_result<T>(asio::error::eof);
    co_return detail::make_value_result(std::move(*waiter->value));
  }
  /// Receives without waiting. Returns an empty optional if the channel is empty. Safe from any thread.
  std::optional<T> try_receive() {
    const std::lock_guard lock{mutex_};
    return try_pop();
  }

  /// Closes the channel: waiting and later calls of `send` fail. The values in the channel can still be received.
  void close() {
    const std::lock_guard lock{mutex_};
    is_closed_ = true;
    while (!senders_.empty()) senders_.grant_front();
    while (!receivers_.empty()) receivers_.grant_front();
  }
  std::size_t size() const {
    const std::lock_guard lock{mutex_};
    return values_.size();
  }

 private:
  struct sender : detail::cross_thread_waiter {
    explicit sender(T sent) : value(std::move(sent)) {}
    T value;
    bool is_accepted = false;
  };
  struct receiver : detail::cross_thread_waiter {
    std::optional<T> value;
  };

  bool try_push(T& value) {
    if (!receivers_.empty()) {
      receivers_.front().value.emplace(std::move(value));
      receivers_.grant_front();
      return true;
    }
    if (values_.size() >= capacity_) return false;
    values_.push_back(std::move(value));
    return true;
  }
  std::optional<T> try_pop() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value{std::move(values_.front())};
    values_.pop_front();
    if (!senders_.empty()) {
      values_.push_back(std::move(senders_.front().value));
      senders_.front().is_accepted = true;
      senders_.grant_front();
    }
    return value;
  }
  template <class Waiter>
  bool remove(detail::cross_thread_waiters<Waiter>& waiters, const std::shared_ptr<Waiter>& waiter) {
    const std::lock_guard lock{mutex_};
    return waiters.remove(waiter);
  }

  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<T> values_;
  detail::cross_thread_waiters<receiver> receivers_;
  detail::cross_thread_waiters<sender> senders_;
  bool is_closed_ = false;
};

}  // namespace cohort
