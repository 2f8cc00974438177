// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include <cohort/runtime/single_writer_counter.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort {

class timer_wheel;

namespace detail {
/// Node of an intrusive circular doubly linked list. A list's head is also a node.
struct timer_list_node {
  timer_list_node* next = this;
  timer_list_node* previous = this;

  bool linked() const noexcept { return next != this; }
  void unlink() noexcept {
    previous->next = next;
    next->previous = previous;
    next = previous = this;
  }
  void push_back(timer_list_node& node) noexcept {
    node.previous = previous;
    node.next = this;
    previous->next = &node;
    previous = &node;
  }
};
}  // namespace detail

/// One-shot timer. The timer is a member of its owner, so arming it does not allocate memory. Use it on the wheel's
/// loop only; the wheel must outlive it. The destructor disarms it.
class timer : private detail::timer_list_node {
 public:
  using callback_function = void (*)(void* owner);

  /// `callback(owner)` is called on the loop each time that the timer expires. `callback` may arm or destroy any timer,
  /// including this timer.
  timer(timer_wheel& wheel, void* owner, callback_function callback) noexcept
      : wheel_(wheel), owner_(owner), callback_(callback) {}
  ~timer() { disarm_and_unlink(); }
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  /// Sets the expiry, and replaces an earlier expiry. The callback runs at `expiry` or at most one tick (16 µs) later,
  /// never before. `time_point::max()` disarms. Arming for a later time costs one store: the node stays in its slot
  /// until the wheel reaches the slot.
  void arm(time_point expiry) noexcept;
  void disarm() noexcept { set_expiry(time_point::max()); }
  bool armed() const noexcept { return expiry_ != time_point::max(); }

 private:
  friend class timer_wheel;
  void disarm_and_unlink() noexcept;
  inline void set_expiry(time_point expiry) noexcept;

  timer_wheel& wheel_;
  void* owner_;
  callback_function callback_;
  time_point expiry_ = time_point::max();
  std::uint64_t slot_tick_ = 0;
  std::uint8_t level_ = 0;
  std::uint8_t slot_ = 0;
};

/// Timer that calls a member function: `bound_timer<&session::on_deadline> deadline_timer_{wheel, this};`
template <auto Method>
class bound_timer;
template <class Owner, void (Owner::*Method)()>
class bound_timer<Method> : public timer {
 public:
  bound_timer(timer_wheel& wheel, Owner* owner) noexcept
      : timer(wheel, owner, [](void* self) { (static_cast<Owner*>(self)->*Method)(); }) {}
};

/// Hierarchical timing wheel: six levels of 64 slots, with ticks of 2^14 ns (16 µs). Arming and disarming are O(1). A
/// timer that expires in more than 6.5 days (half a revolution of the last level) is first inserted at that distance,
/// and reinserted when the wheel reaches it. Source: Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP
/// 1987. Not thread-safe, except for `armed_count`.
class timer_wheel {
 public:
  explicit timer_wheel(time_point start) noexcept;

  /// Calls the callbacks of all timers that have expired at `now`, in the order of their ticks. A timer that a callback
  /// arms for the current tick runs in the next call. Callbacks must not throw.
  void advance(time_point now);

  /// The time of the next necessary call of `advance`; empty if no timer is armed. The time is at most the earliest
  /// expiry, and less if a call must only move timers to a finer level.
  std::optional<time_point> next_wakeup() const noexcept;

  /// Sets a function that is called with the new `next_wakeup()` whenever an armed timer makes that time earlier.
  void on_earlier_wakeup(std::function<void(time_point)> callback) { on_earlier_wakeup_ = std::move(callback); }

  /// The number of armed timers. Safe from any thread.
  std::size_t armed_count() const noexcept { return armed_count_.value(); }

 private:
  friend class timer;
  static constexpr unsigned levels = 6;
  static constexpr unsigned slots = 64;
  struct occupied_slot {
    std::uint64_t tick;
    unsigned level;
    unsigned slot;
  };

  void insert(timer& node) noexcept;
  void remove(timer& node) noexcept;
  std::optional<occupied_slot> next_occupied_slot() const noexcept;
  void process(const occupied_slot& next);

  std::array<std::array<detail::timer_list_node, slots>, levels> wheel_;
  /// Bit n of a level is set if slot n has timers.
  std::array<std::uint64_t, levels> occupied_slot_masks_{};
  /// Lower bound of the expiries in a slot. A slot of a coarse level requires no wakeup before that time.
  std::array<std::array<time_point, slots>, levels> earliest_expiry_{};
  std::uint64_t current_tick_;
  single_writer_counter armed_count_;
  std::function<void(time_point)> on_earlier_wakeup_;
};

inline void timer::set_expiry(time_point expiry) noexcept {
  const bool was_armed = armed();
  expiry_ = expiry;
  if (armed() == was_armed) return;
  was_armed ? wheel_.armed_count_.decrement() : wheel_.armed_count_.increment();
}

}  // namespace cohort
