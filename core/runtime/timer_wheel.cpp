#include "core/runtime/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace cohort {
namespace {

constexpr unsigned tick_shift = 14;
constexpr unsigned slot_bits = 6;
constexpr std::uint64_t slot_mask = 63;
constexpr std::uint64_t horizon = (std::uint64_t{1} << (slot_bits * 6)) - 1;
/// The furthest a node is put ahead; one further away waits there and is looked at again. Half a turn of the top level,
/// so that a slot there is never the present one a turn later.
constexpr std::uint64_t furthest = horizon / 2;

std::uint64_t tick_at_or_after(time_point when) noexcept {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(when.time_since_epoch().count(), 0));
  return (nanoseconds + ((std::uint64_t{1} << tick_shift) - 1)) >> tick_shift;
}

std::uint64_t tick_before(time_point when) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(when.time_since_epoch().count(), 0)) >> tick_shift;
}

time_point start_of(std::uint64_t tick) noexcept {
  return time_point{duration{static_cast<std::int64_t>(tick << tick_shift)}};
}

/// The level whose slots tell `tick` from `elapsed`: that of the highest bit in which they differ.
unsigned level_for(std::uint64_t elapsed, std::uint64_t tick) noexcept {
  const auto differing = std::min((elapsed ^ tick) | slot_mask, horizon);
  return (63U - static_cast<unsigned>(std::countl_zero(differing))) / slot_bits;
}

}  // namespace

void timer::arm(time_point when) noexcept {
  expire_at(when);
  if (when == time_point::max()) return;
  const bool stays = linked() && tick_at_or_after(when) >= slot_tick_;
  if (stays && when >= wheel_.not_before_[level_][slot_]) return;
  if (linked() && !stays) wheel_.remove(*this);
  const auto before = wheel_.earlier_ ? wheel_.next_due() : std::nullopt;
  if (stays) {
    wheel_.not_before_[level_][slot_] = when;
  } else {
    wheel_.insert(*this);
  }
  if (!wheel_.earlier_) return;
  const auto due = wheel_.next_due();
  if (!before || *due < *before) wheel_.earlier_(*due);
}

void timer::disarm_and_unlink() noexcept {
  disarm();
  if (linked()) wheel_.remove(*this);
}

timer_wheel::timer_wheel(time_point start) noexcept : elapsed_(tick_before(start)) {}

void timer_wheel::insert(timer& node) noexcept {
  const auto tick = std::clamp(tick_at_or_after(node.expiry_), elapsed_, elapsed_ + furthest);
  const auto level = level_for(elapsed_, tick);
  const auto slot = static_cast<unsigned>((tick >> (level * slot_bits)) & slot_mask);
  node.level_ = static_cast<std::uint8_t>(level);
  node.slot_ = static_cast<std::uint8_t>(slot);
  // Up to this tick the slot is not looked at, so a later expiry may be stored without moving the node.
  node.slot_tick_ = tick >> (level * slot_bits) << (level * slot_bits);
  const auto bit = std::uint64_t{1} << slot;
  auto& not_before = not_before_[level][slot];
  not_before = (occupied_[level] & bit) == 0 ? node.expiry_ : std::min(not_before, node.expiry_);
  wheel_[level][slot].push_back(node);
  occupied_[level] |= bit;
}

void timer_wheel::remove(timer& node) noexcept {
  node.unlink();
  if (!wheel_[node.level_][node.slot_].linked()) occupied_[node.level_] &= ~(std::uint64_t{1} << node.slot_);
}

std::optional<timer_wheel::due_slot> timer_wheel::next_slot() const noexcept {
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const unsigned shift = level * slot_bits;
    const auto now_slot = static_cast<int>((elapsed_ >> shift) & slot_mask);
    const auto ahead = std::countr_zero(std::rotr(occupied_[level], now_slot));
    const auto slot = static_cast<unsigned>(ahead + now_slot) & slot_mask;
    const std::uint64_t turn = std::uint64_t{1} << (shift + slot_bits);
    auto tick = (elapsed_ & ~(turn - 1)) + (std::uint64_t{slot} << shift);
    // Only the top level wraps round: lower slots behind `elapsed` have been sorted downwards already.
    if (tick < elapsed_ && slot != static_cast<unsigned>(now_slot)) tick += turn;
    return due_slot{tick, level, static_cast<unsigned>(slot)};
  }
  return std::nullopt;
}

std::optional<time_point> timer_wheel::next_due() const noexcept {
  const auto due = next_slot();
  if (!due) return std::nullopt;
  if (due->level == 0) return start_of(std::max(due->tick, elapsed_));
  // Not at the coarse slot's start, to wake for nothing: at the first timer in it, at the slot's end at the latest.
  const auto first = tick_at_or_after(not_before_[due->level][due->slot]);
  const auto end = due->tick + (std::uint64_t{1} << (due->level * slot_bits));
  return start_of(std::max(std::min(first, end), std::max(due->tick, elapsed_)));
}

void timer_wheel::process(const due_slot& due) {
  elapsed_ = std::max(elapsed_, due.tick);
  // A list of its own: what a callback arms for this very tick waits for the next round, so `advance` always ends.
  detail::timer_link batch;
  auto& list = wheel_[due.level][due.slot];
  while (list.linked()) {
    auto& node = static_cast<timer&>(*list.next);
    node.unlink();
    batch.push_back(node);
  }
  occupied_[due.level] &= ~(std::uint64_t{1} << due.slot);
  while (batch.linked()) {
    auto& node = static_cast<timer&>(*batch.next);
    node.unlink();
    if (!node.armed()) continue;
    if (tick_at_or_after(node.expiry_) > elapsed_) {
      insert(node);
      continue;
    }
    node.disarm();
    node.call_(node.owner_);
  }
}

void timer_wheel::advance(time_point now) {
  const auto target = tick_before(now);
  // A callback may arm for the current tick again and again; those wait for the next call.
  std::uint64_t last_fine_tick = elapsed_;
  bool seen = false;
  for (auto due = next_slot(); due && due->tick <= target; due = next_slot()) {
    if (due->level == 0) {
      if (seen && due->tick <= last_fine_tick) break;
      seen = true;
      last_fine_tick = due->tick;
    }
    process(*due);
  }
  if (const auto due = next_slot(); !due || due->tick > target) elapsed_ = std::max(elapsed_, target);
}

}  // namespace cohort
