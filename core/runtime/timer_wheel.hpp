#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "core/runtime/clock.hpp"
#include "core/runtime/published_count.hpp"

namespace cohort {

class timer_wheel;

namespace detail {
/// A node of a circular list; a list is its own sentinel.
struct timer_link {
  timer_link* next = this;
  timer_link* previous = this;

  bool linked() const noexcept { return next != this; }
  void unlink() noexcept {
    previous->next = next;
    next->previous = previous;
    next = previous = this;
  }
  void push_back(timer_link& node) noexcept {
    node.previous = previous;
    node.next = this;
    previous->next = &node;
    previous = &node;
  }
};
}  // namespace detail

/// A moment at which a function is called, once. Its owner embeds it: arming allocates nothing.
class timer : private detail::timer_link {
 public:
  using callback = void (*)(void* owner);

  timer(timer_wheel& wheel, void* owner, callback call) noexcept : wheel_(wheel), owner_(owner), call_(call) {}
  ~timer() { disarm_and_unlink(); }
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  /// Calls at `when` instead of whenever it was to call before. Never early; late by a tick at most.
  /// Moving to a later moment is a store: the node stays in its old slot and is put right when that comes round.
  void arm(time_point when) noexcept;
  void disarm() noexcept { expire_at(time_point::max()); }
  bool armed() const noexcept { return expiry_ != time_point::max(); }

 private:
  friend class timer_wheel;
  void disarm_and_unlink() noexcept;
  inline void expire_at(time_point when) noexcept;

  timer_wheel& wheel_;
  void* owner_;
  callback call_;
  time_point expiry_ = time_point::max();
  std::uint64_t slot_tick_ = 0;
  std::uint8_t level_ = 0;
  std::uint8_t slot_ = 0;
};

/// A timer that calls a member function: `bound_timer<&session::on_deadline> deadline_{wheel, this}`.
template <auto Method>
class bound_timer;
template <class Owner, void (Owner::*Method)()>
class bound_timer<Method> : public timer {
 public:
  bound_timer(timer_wheel& wheel, Owner* owner) noexcept
      : timer(wheel, owner, [](void* self) { (static_cast<Owner*>(self)->*Method)(); }) {}
};

/// Hierarchical hashed timing wheel (Varghese and Lauck 1987): six levels of 64 slots, a tick of 2^14 ns (16 µs), so
/// a week ahead; what is further away is looked at again then. Insert, cancel and touch are O(1).
class timer_wheel {
 public:
  explicit timer_wheel(time_point start) noexcept;

  /// Calls every timer that is due at `now`, in order of their ticks.
  void advance(time_point now);

  /// When `advance` has something to do next: mostly a timer, at times only timers to sort into finer slots.
  std::optional<time_point> next_due() const noexcept;

  /// `hook` is called when a timer is armed that is due before all others; whoever sleeps must then sleep less.
  void on_earlier(std::function<void(time_point)> hook) { earlier_ = std::move(hook); }

  /// Timers that will call, for tests and metrics. Safe from any thread.
  std::size_t armed_count() const noexcept { return armed_.value(); }

 private:
  friend class timer;
  static constexpr unsigned levels = 6;
  static constexpr unsigned slots = 64;
  struct due_slot {
    std::uint64_t tick;
    unsigned level;
    unsigned slot;
  };

  void insert(timer& node) noexcept;
  void remove(timer& node) noexcept;
  std::optional<due_slot> next_slot() const noexcept;
  void process(const due_slot& due);

  std::array<std::array<detail::timer_link, slots>, levels> wheel_;
  std::array<std::uint64_t, levels> occupied_{};
  /// No timer of the slot is due before: what a coarse slot need not be looked at for. Too early does no harm.
  std::array<std::array<time_point, slots>, levels> not_before_{};
  std::uint64_t elapsed_;
  published_count armed_;
  std::function<void(time_point)> earlier_;
};

inline void timer::expire_at(time_point when) noexcept {
  const bool was = armed();
  expiry_ = when;
  if (armed() == was) return;
  was ? wheel_.armed_.decrement() : wheel_.armed_.increment();
}

}  // namespace cohort
