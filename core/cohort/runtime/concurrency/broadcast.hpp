// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <cohort/runtime/concurrency/wait_queue.hpp>

namespace cohort {

/// Specifies what happens to a subscriber that has missed values because it was too slow.
enum class slow_subscriber_policy {
  /// The subscriber continues with the oldest value that is kept; `subscription::missed` counts the skipped values.
  skip,
  /// The subscription ends, and `next` returns `too_slow`.
  disconnect,
};

/// Sends values to subscribers on all loops. Each loop has one list of the last `capacity` values for all of its
/// subscribers. One wakeup of a loop delivers all values that have been published by then. Any thread can publish,
/// without waiting for subscribers; the values of one thread arrive in order. A subscriber belongs to the loop on which
/// it was created. The subscribers share each value without copying it.
template <class T>
class broadcast {
  struct hub;

 public:
  using value_pointer = std::shared_ptr<const T>;
  /// The reason why `next` has no value.
  enum class next_error {
    /// The deadline passed.
    timed_out = 1,
    /// The coroutine was cancelled.
    cancelled,
    /// The subscriber missed values, and the policy is `disconnect`.
    too_slow,
    /// The broadcast was closed or destroyed, and all values have been read.
    closed,
  };

  /// `capacity` is the maximum number of unread values of a subscriber, at least 1.
  explicit broadcast(std::size_t capacity, slow_subscriber_policy policy = slow_subscriber_policy::skip)
      : capacity_(std::max<std::size_t>(capacity, 1)), policy_(policy) {}
  ~broadcast() { close(); }
  broadcast(const broadcast&) = delete;
  broadcast& operator=(const broadcast&) = delete;

  /// Receives the values that are published after the subscription was created. May outlive the broadcast. Must be used
  /// on its loop only.
  class subscription {
   public:
    /// Waits for the next value and returns it. Only one caller may wait at a time.
    task<result<value_pointer, next_error>> next(deadline wait_deadline = deadline::never()) {
      return wait_for_next(hub_, position_, wait_deadline);
    }
    /// Whether `next` would return without waiting.
    bool is_ready() const noexcept { return hub_->is_ready(position_->next); }
    /// The number of values that this subscriber has missed.
    std::uint64_t missed() const noexcept { return position_->missed; }

   private:
    friend class broadcast;
    struct position {
      std::uint64_t next = 0;
      std::uint64_t missed = 0;
    };
    explicit subscription(std::shared_ptr<hub> source)
        : hub_(std::move(source)), position_(std::make_shared<position>()) {
      position_->next = hub_->next_position();
    }
    static task<result<value_pointer, next_error>> wait_for_next(std::shared_ptr<hub> source,
                                                                 std::shared_ptr<position> current,
                                                                 deadline wait_deadline) {
      for (;;) {
        if (current->next < source->begin) {
          if (source->policy == slow_subscriber_policy::disconnect) co_return next_error::too_slow;
          current->missed += source->begin - current->next;
          current->next = source->begin;
        }
        if (current->next < source->end) co_return source->values[current->next++ - source->begin];
        if (source->is_closed) co_return next_error::closed;
        const auto status = co_await source->waiters.wait(wait_deadline);
        if (status == wait_status::timed_out) co_return next_error::timed_out;
        if (status == wait_status::cancelled) co_return next_error::cancelled;
      }
    }

    std::shared_ptr<hub> hub_;
    std::shared_ptr<position> position_;
  };

  /// Creates a subscription on the current loop, which must outlive the broadcast.
  subscription subscribe() { return subscription{get_hub(loop::current())}; }

  /// Sends a value to all subscribers. Safe from any thread.
  void publish(T value) { publish(std::make_shared<const T>(std::move(value))); }
  void publish(value_pointer value) {
    const std::lock_guard lock{mutex_};
    for (const auto& target : hubs_) hub::push(target, value);
  }

  /// Ends each subscription once its subscriber has received the values that were published before. Safe from any
  /// thread.
  void close() {
    const std::lock_guard lock{mutex_};
    for (const auto& target : hubs_) hub::push(target, nullptr);
    is_closed_ = true;
  }

 private:
  /// The values and the subscribers of one loop.
  struct hub {
    hub(loop& owner_loop, std::size_t max_values, slow_subscriber_policy slow_policy, bool is_initially_closed)
        : owner(owner_loop), capacity(max_values), policy(slow_policy), is_closed(is_initially_closed) {}

    bool is_ready(std::uint64_t position) const noexcept { return position < end || is_closed; }

    /// The position of the next published value; earlier values may not have been delivered yet. Runs on the loop.
    std::uint64_t next_position() {
      const std::lock_guard lock{mutex};
      return end + skipped_count + pending.size();
    }

    /// Queues a value, or the end of the subscriptions if `value` is null. Safe from any thread.
    static void push(const std::shared_ptr<hub>& self, const value_pointer& value) {
      {
        const std::lock_guard lock{self->mutex};
        if (value) {
          self->pending.push_back(value);
          // Drops the oldest value, which exceeds the capacity.
          if (self->pending.size() > self->capacity) {
            self->pending.pop_front();
            ++self->skipped_count;
          }
        } else {
          self->is_closing = true;
        }
        if (std::exchange(self->is_posted, true)) return;
      }
      asio::post(self->owner.get_executor(), [self] { self->deliver(); });
    }

    /// Runs on the loop.
    void deliver() {
      std::deque<value_pointer> arrived_values;
      {
        const std::lock_guard lock{mutex};
        is_posted = false;
        arrived_values.swap(pending);
        const auto skipped_value_count = std::exchange(skipped_count, 0);
        if (skipped_value_count > 0) {
          values.clear();
          end += skipped_value_count;
          begin = end;
        }
        is_closed = is_closed || is_closing;
      }
      end += arrived_values.size();
      for (auto& value : arrived_values) values.push_back(std::move(value));
      while (values.size() > capacity) {
        values.pop_front();
        ++begin;
      }
      waiters.notify_all();
    }

    loop& owner;
    const std::size_t capacity;
    const slow_subscriber_policy policy;

    // The following members are shared with the publishers.
    std::mutex mutex;
    std::deque<value_pointer> pending;
    std::uint64_t skipped_count = 0;
    bool is_posted = false;
    bool is_closing = false;

    // The following members are used on the loop only. `values` have the positions from `begin` up to `end`.
    std::deque<value_pointer> values;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool is_closed;
    wait_queue waiters;
  };

  std::shared_ptr<hub> get_hub(loop& owner) {
    const std::lock_guard lock{mutex_};
    for (const auto& existing : hubs_)
      if (&existing->owner == &owner) return existing;
    return hubs_.emplace_back(std::make_shared<hub>(owner, capacity_, policy_, is_closed_));
  }

  const std::size_t capacity_;
  const slow_subscriber_policy policy_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<hub>> hubs_;
  bool is_closed_ = false;
};

}  // namespace cohort
