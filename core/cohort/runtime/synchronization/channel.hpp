// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cassert>
#include <cstddef>
#include <deque>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

#include <cohort/runtime/synchronization/wait_list.hpp>

namespace cohort {

template <class T>
class channel;

namespace detail {

template <class T>
struct channel_receiver : wait_entry {
  explicit channel_receiver(wait_queue& wakeup) noexcept : wait_entry(wakeup) {}
  /// The received value; empty if the wakeup was caused by `close`, or by a value of another channel in `select`.
  std::optional<T> value;
};

template <class T>
struct channel_sender : wait_entry {
  channel_sender(wait_queue& wakeup, T sent) : wait_entry(wakeup), value(std::move(sent)) {}
  T value;
  bool is_accepted = false;
};

}  // namespace detail

/// Waits until one of the channels has a value, and receives that value; no value is removed from the other channels.
/// If several channels have a value, the first of these channels in the order of the arguments is used. The variant's
/// index is the channel's position. Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the
/// coroutine is cancelled, `eof` once all channels are closed and empty. The channels must outlive the call.
template <class... T>
task<result<std::variant<T...>>> select(deadline wait_deadline, channel<T>&... channels);

/// Bounded FIFO queue between the coroutines of one loop. A full channel suspends its senders (backpressure). Values
/// are received in the order of `send`, and coroutines are resumed in the order in which they started to wait. If
/// `send` returns an error, no coroutine receives the value. All uses must be on one loop; the channel must outlive its
/// waits.
template <class T>
class channel {
 public:
  /// Precondition: `capacity` is at least 1.
  explicit channel(std::size_t capacity) : capacity_(capacity) { assert(capacity > 0); }
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  /// Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the coroutine is cancelled,
  /// `broken_pipe` if the channel is closed. After an error, the value is dropped.
  task<result<void>> send(T value, deadline wait_deadline) {
    if (is_closed_) co_return error_code{asio::error::broken_pipe};
    if (try_push(value)) co_return result<void>{};
    wait_queue wakeup;
    detail::channel_sender<T> sender{wakeup, std::move(value)};
    senders_.push_back(sender);
    const auto status = co_await wakeup.wait(wait_deadline);
    if (status != wait_status::notified) co_return detail::wait_error(status);
    if (!sender.is_accepted) co_return error_code{asio::error::broken_pipe};
    co_return result<void>{};
  }
  /// Sends without waiting. Returns false, and leaves `value` unchanged, if the channel is full or closed.
  bool try_send(T&& value) { return !is_closed_ && try_push(value); }

  /// Errors: `asio::error::timed_out` at `wait_deadline`, `operation_aborted` if the coroutine is cancelled, `eof` if
  /// the channel is closed and empty.
  task<result<T>> receive(deadline wait_deadline) {
    if (auto value = try_receive()) co_return detail::make_value_result(std::move(*value));
    if (is_closed_) co_return detail::make_error_result<T>(asio::error::eof);
    wait_queue wakeup;
    detail::channel_receiver<T> receiver{wakeup};
    receivers_.push_back(receiver);
    const auto status = co_await wakeup.wait(wait_deadline);
    if (status != wait_status::notified) co_return detail::make_error_result<T>(detail::wait_error(status));
    if (!receiver.value) co_return detail::make_error_result<T>(asio::error::eof);
    co_return detail::make_value_result(std::move(*receiver.value));
  }
  /// Receives without waiting. Returns an empty optional if the channel is empty.
  std::optional<T> try_receive() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value{std::move(values_.front())};
    values_.pop_front();
    accept_waiting_senders();
    return value;
  }

  /// Closes the channel: waiting and later calls of `send` fail. The values in the channel can still be received.
  void close() {
    is_closed_ = true;
    wake_all(senders_);
    wake_all(receivers_);
  }
  bool is_closed() const noexcept { return is_closed_; }
  std::size_t size() const noexcept { return values_.size(); }

 private:
  template <class... Selected>
  friend task<result<std::variant<Selected...>>> select(deadline wait_deadline, channel<Selected>&... channels);

  // While a receiver waits, the channel is empty; while a sender waits, it is full.
  bool try_push(T& value) {
    while (auto* const receiver = receivers_.front()) {
      receiver->unlink();
      if (!receiver->wake()) continue;
      receiver->value.emplace(std::move(value));
      return true;
    }
    if (values_.size() >= capacity_) return false;
    values_.push_back(std::move(value));
    return true;
  }
  void accept_waiting_senders() {
    while (values_.size() < capacity_) {
      auto* const sender = senders_.front();
      if (!sender) return;
      sender->unlink();
      if (!sender->wake()) continue;
      values_.push_back(std::move(sender->value));
      sender->is_accepted = true;
    }
  }
  template <class Entry>
  static void wake_all(detail::wait_list<Entry>& waiters) {
    while (auto* const entry = waiters.front()) {
      entry->unlink();
      entry->wake();
    }
  }

  std::size_t capacity_;
  std::deque<T> values_;
  detail::wait_list<detail::channel_receiver<T>> receivers_;
  detail::wait_list<detail::channel_sender<T>> senders_;
  bool is_closed_ = false;
};

template <class... T>
task<result<std::variant<T...>>> select(deadline wait_deadline, channel<T>&... channels) {
  using selected_type = std::variant<T...>;
  const auto sources = std::tie(channels...);
  std::optional<selected_type> selected_value;
  const auto try_channels = [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto try_channel = [&]<std::size_t Index>(std::integral_constant<std::size_t, Index>) {
      auto value = std::get<Index>(sources).try_receive();
      if (value) selected_value.emplace(std::in_place_index<Index>, std::move(*value));
      return selected_value.has_value();
    };
    return (try_channel(std::integral_constant<std::size_t, I>{}) || ...);
  };
  while (!try_channels(std::index_sequence_for<T...>{})) {
    if ((channels.is_closed() && ...)) co_return detail::make_error_result<selected_type>(asio::error::eof);
    wait_queue wakeup;
    std::tuple<detail::channel_receiver<T>...> receivers{(static_cast<void>(channels), wakeup)...};
    const auto add_receivers = [&]<std::size_t... I>(std::index_sequence<I...>) {
      (std::get<I>(sources).receivers_.push_back(std::get<I>(receivers)), ...);
    };
    add_receivers(std::index_sequence_for<T...>{});
    const auto status = co_await wakeup.wait(wait_deadline);
    if (status != wait_status::notified) co_return detail::make_error_result<selected_type>(detail::wait_error(status));
    const auto take_received_value = [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((std::get<I>(receivers).value
            ? void(selected_value.emplace(std::in_place_index<I>, std::move(*std::get<I>(receivers).value)))
            : void()),
       ...);
    };
    take_received_value(std::index_sequence_for<T...>{});
    if (selected_value) break;
    // No value was received, because a channel was closed. Try again.
  }
  co_return detail::make_value_result(std::move(*selected_value));
}

}  // namespace cohort
