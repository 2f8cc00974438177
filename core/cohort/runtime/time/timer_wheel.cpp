// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/time/timer_wheel.hpp>

#include <algorithm>
#include <bit>

namespace cohort {
namespace {

constexpr unsigned tick_shift = 14;
constexpr unsigned slot_bits = 6;
constexpr std::uint64_t slot_mask = 63;
constexpr std::uint64_t max_distance = (std::uint64_t{1} << (slot_bits * 6)) - 1;
/// The maximum distance, in ticks, at which a timer is inserted. A timer with a later expiry is reinserted when the
/// wheel reaches it. The distance is half a revolution of the top level, so a slot of that level is never both the
/// current slot and the slot one revolution ahead.
constexpr std::uint64_t max_placement_distance = max_distance / 2;

std::uint64_t tick_ceil(time_point time) noexcept {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0));
  return (nanoseconds + ((std::uint64_t{1} << tick_shift) - 1)) >> tick_shift;
}

std::uint64_t tick_floor(time_point time) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.time_since_epoch().count(), 0)) >> tick_shift;
}

time_point tick_start(std::uint64_t tick) noexcept {
  return time_point{duration{static_cast<std::int64_t>(tick << tick_shift)}};
}

/// The level whose slots distinguish `tick` from `current_tick`: the level of the highest bit in which they differ.
unsigned level_of(std::uint64_t current_tick, std::uint64_t tick) noexcept {
  const auto differing_bits = std::min((current_tick ^ tick) | slot_mask, max_distance);
  return (63U - static_cast<unsigned>(std::countl_zero(differing_bits))) / slot_bits;
}

}  // namespace

void timer::arm(time_point expiry) noexcept {
  set_expiry(expiry);
  if (expiry == time_point::max()) return;
  const bool keeps_slot = linked() && tick_ceil(expiry) >= slot_tick_;
  if (keeps_slot && expiry >= wheel_.earliest_expiry_[level_][slot_]) return;
  if (linked() && !keeps_slot) wheel_.remove(*this);
  const auto old_wakeup = wheel_.on_earlier_wakeup_ ? wheel_.next_wakeup() : std::nullopt;
  if (keeps_slot) {
    wheel_.earliest_expiry_[level_][slot_] = expiry;
  } else {
    wheel_.insert(*this);
  }
  // Most timers expire after the next wakeup.
  if (!wheel_.on_earlier_wakeup_ || (old_wakeup && expiry >= *old_wakeup)) return;
  const auto new_wakeup = wheel_.next_wakeup();
  if (!old_wakeup || *new_wakeup < *old_wakeup) wheel_.on_earlier_wakeup_(*new_wakeup);
}

void timer::disarm_and_unlink() noexcept {
  disarm();
  if (linked()) wheel_.remove(*this);
}

timer_wheel::timer_wheel(time_point start) noexcept : current_tick_(tick_floor(start)) {}

void timer_wheel::insert(timer& node) noexcept {
  const auto tick = std::clamp(tick_ceil(node.expiry_), current_tick_, current_tick_ + max_placement_distance);
  const auto level = level_of(current_tick_, tick);
  const auto slot = static_cast<unsigned>((tick >> (level * slot_bits)) & slot_mask);
  node.level_ = static_cast<std::uint8_t>(level);
  node.slot_ = static_cast<std::uint8_t>(slot);
  // The slot is not processed before this tick, so a later expiry can be stored without moving the node.
  node.slot_tick_ = tick >> (level * slot_bits) << (level * slot_bits);
  const auto bit = std::uint64_t{1} << slot;
  auto& earliest = earliest_expiry_[level][slot];
  earliest = (occupied_slot_masks_[level] & bit) == 0 ? node.expiry_ : std::min(earliest, node.expiry_);
  wheel_[level][slot].push_back(node);
  occupied_slot_masks_[level] |= bit;
}

void timer_wheel::remove(timer& node) noexcept {
  node.unlink();
  if (!wheel_[node.level_][node.slot_].linked()) occupied_slot_masks_[node.level_] &= ~(std::uint64_t{1} << node.slot_);
}

std::optional<timer_wheel::occupied_slot> timer_wheel::next_occupied_slot() const noexcept {
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_slot_masks_[level] == 0) continue;
    const unsigned shift = level * slot_bits;
    const auto current_slot = static_cast<int>((current_tick_ >> shift) & slot_mask);
    const auto slots_ahead = std::countr_zero(std::rotr(occupied_slot_masks_[level], current_slot));
    const auto slot = static_cast<unsigned>(slots_ahead + current_slot) & slot_mask;
    const std::uint64_t ticks_per_revolution = std::uint64_t{1} << (shift + slot_bits);
    auto tick = (current_tick_ & ~(ticks_per_revolution - 1)) + (std::uint64_t{slot} << shift);
    // Only the top level wraps around: on the other levels, timers in slots behind the current tick have already moved
    // to a finer level.
    if (tick < current_tick_ && slot != static_cast<unsigned>(current_slot)) tick += ticks_per_revolution;
    return occupied_slot{tick, level, static_cast<unsigned>(slot)};
  }
  return std::nullopt;
}

std::optional<time_point> timer_wheel::next_wakeup() const noexcept {
  const auto next = next_occupied_slot();
  if (!next) return std::nullopt;
  if (next->level == 0) return tick_start(std::max(next->tick, current_tick_));
  // A slot of a coarse level requires a wakeup at its first expiry or at its end, whichever is earlier.
  const auto first = tick_ceil(earliest_expiry_[next->level][next->slot]);
  const auto end = next->tick + (std::uint64_t{1} << (next->level * slot_bits));
  return tick_start(std::max(std::min(first, end), std::max(next->tick, current_tick_)));
}

void timer_wheel::process(const occupied_slot& next) {
  current_tick_ = std::max(current_tick_, next.tick);
  // Empties the slot first, so that a timer that a callback arms for this tick expires only in the next call of
  // `advance`.
  detail::timer_list_node batch;
  auto& slot_list = wheel_[next.level][next.slot];
  while (slot_list.linked()) {
    auto& node = static_cast<timer&>(*slot_list.next);
    node.unlink();
    batch.push_back(node);
  }
  occupied_slot_masks_[next.level] &= ~(std::uint64_t{1} << next.slot);
  while (batch.linked()) {
    auto& node = static_cast<timer&>(*batch.next);
    node.unlink();
    if (!node.armed()) continue;
    if (tick_ceil(node.expiry_) > current_tick_) {
      insert(node);
      continue;
    }
    node.disarm();
    node.callback_(node.owner_);
  }
}

void timer_wheel::advance(time_point now) {
  const auto target = tick_floor(now);
  // A callback can repeatedly arm timers for the current tick; they expire in the next call.
  std::uint64_t last_fine_tick = current_tick_;
  bool has_processed_fine_slot = false;
  for (auto next = next_occupied_slot(); next && next->tick <= target; next = next_occupied_slot()) {
    if (next->level == 0) {
      if (has_processed_fine_slot && next->tick <= last_fine_tick) break;
      has_processed_fine_slot = true;
      last_fine_tick = next->tick;
    }
    process(*next);
  }
  if (const auto next = next_occupied_slot(); !next || next->tick > target) {
    current_tick_ = std::max(current_tick_, target);
  }
  // Removes the first timers of the next slot if they were disarmed or armed for a later time, because they would wake
  // the loop unnecessarily. Each arming of a timer causes at most one removal.
  while (const auto next = next_occupied_slot()) {
    auto& node = static_cast<timer&>(*wheel_[next->level][next->slot].next);
    const auto end = next->tick + (std::uint64_t{1} << (next->level * slot_bits));
    if (node.armed() && tick_ceil(node.expiry_) < end) break;
    remove(node);
    if (!node.armed()) continue;
    insert(node);
    // The node was reinserted into the same slot, because its expiry is beyond the range of the wheel.
    if (node.level_ == next->level && node.slot_ == next->slot) break;
  }
}

}  // namespace cohort
