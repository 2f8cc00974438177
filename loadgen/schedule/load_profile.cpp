// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule/load_profile.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace cohort::loadgen {
namespace {

__extension__ using int128 = __int128;

// The code below multiplies at most two rates, lengths or remainders, each an int64, so 128 bits suffice. Sums are
// bounded by 2·10^15 per request: a profile can have up to 8·10^22 requests; a week at 10^7 requests per second has
// 6·10^12.
constexpr int128 max_factor = std::numeric_limits<std::int64_t>::max();
static_assert(max_factor <= std::numeric_limits<int128>::max() / max_factor / 2);

enum class rounding { down, up };

/// a · b² / c for 0 <= b <= c, computed as (a · b / c) · b / c without losing the remainder of the first division.
int128 scaled_square(int128 a, int128 b, int128 c, rounding direction) noexcept {
  const auto quotient = a * b / c;
  const auto remainder = a * b % c;
  return quotient * b + (remainder * b + (direction == rounding::up ? c - 1 : 0)) / c;
}

/// The first value in [0, last] for which the monotonic `predicate` holds; it must hold for `last`. Uses an exponential
/// search from `estimate`, then bisection.
template <class Predicate>
std::int64_t find_first_true(std::int64_t estimate, std::int64_t last, Predicate predicate) {
  std::int64_t below = -1;
  std::int64_t above = last;
  estimate = std::clamp<std::int64_t>(estimate, 0, last);
  const bool holds_at_estimate = predicate(estimate);
  (holds_at_estimate ? above : below) = estimate;
  for (std::int64_t step = 1; step < above - below; step *= 2) {
    const auto next = holds_at_estimate ? above - step : below + step;
    const bool holds_at_next = predicate(next);
    (holds_at_next ? above : below) = next;
    if (holds_at_next != holds_at_estimate) break;
  }
  while (above - below > 1) {
    const auto middle = below + (above - below) / 2;
    (predicate(middle) ? above : below) = middle;
  }
  return above;
}

}  // namespace

load_profile::area load_profile::segment::area_at(duration elapsed) const noexcept {
  if (burst_size > 0) return area_per_request * burst_size;
  const auto time = elapsed.count();
  const auto rectangle = area{2} * start_rate.millionths * time;
  const auto rate_change = end_rate.millionths - start_rate.millionths;
  if (rate_change == 0) return rectangle;
  if (rate_change > 0) return rectangle + scaled_square(rate_change, time, length.count(), rounding::down);
  return rectangle - scaled_square(-rate_change, time, length.count(), rounding::up);
}

duration load_profile::segment::offset_of(area target) const noexcept {
  if (burst_size > 0) return duration{0};
  const auto rate = area{start_rate.millionths};
  if (start_rate == end_rate) return duration{static_cast<std::int64_t>((target + 2 * rate - 1) / (2 * rate))};
  // The estimate is the smaller root t of 2 · start_rate · t + slope · t² = target, in the form without cancellation.
  const auto slope =
      static_cast<double>(end_rate.millionths - start_rate.millionths) / static_cast<double>(length.count());
  const auto target_area = static_cast<double>(target);
  const auto rate_before = static_cast<double>(start_rate.millionths);
  const auto rate_after = std::sqrt(std::max(rate_before * rate_before + slope * target_area, 0.0));
  const auto estimate = target_area / std::max(rate_before + rate_after, 1.0);
  return duration{find_first_true(static_cast<std::int64_t>(estimate), length.count(),
                                  [&](std::int64_t time) { return area_at(duration{time}) >= target; })};
}

load_profile& load_profile::begin_phase(std::string name) {
  phases_.push_back({.name = std::move(name), .start = length_});
  return *this;
}

load_profile& load_profile::add_ramp(duration length, request_rate start_rate, request_rate end_rate) {
  assert(start_rate.millionths >= 0 && end_rate.millionths >= 0);
  return add({.length = length, .start_rate = start_rate, .end_rate = end_rate},
             (area{start_rate.millionths} + end_rate.millionths) * length.count());
}

load_profile& load_profile::add_burst(std::uint64_t requests, duration length) {
  return add({.length = length, .burst_size = requests}, area_per_request * requests);
}

load_profile& load_profile::add(segment new_segment, area segment_area) {
  assert(!phases_.empty() && new_segment.length >= duration{0});
  new_segment.start = length_;
  new_segment.phase = phases_.size() - 1;
  new_segment.area_before = total_area_;
  segments_.push_back(new_segment);
  phases_.back().length += new_segment.length;
  length_ += new_segment.length;
  total_area_ += segment_area;
  return *this;
}

load_profile::area load_profile::area_after(std::size_t segment_index) const noexcept {
  return segment_index + 1 < segments_.size() ? segments_[segment_index + 1].area_before : total_area_;
}

std::size_t load_profile::segment_at(duration offset) const noexcept {
  const auto next = std::upper_bound(segments_.begin(), segments_.end(), offset,
                                     [](duration value, const segment& other) { return value < other.start; });
  return next == segments_.begin() ? 0 : static_cast<std::size_t>(next - segments_.begin()) - 1;
}

std::uint64_t load_profile::request_count() const noexcept { return request_count_before(length_); }

std::uint64_t load_profile::request_count_before(duration offset) const noexcept {
  if (offset <= duration{0} || segments_.empty()) return 0;
  // Start times are whole nanoseconds, so the last start before `offset` is at most one nanosecond earlier.
  const auto last = std::min(offset, length_) - duration{1};
  const auto& current = segments_[segment_at(last)];
  const auto elapsed_area = current.area_before + current.area_at(last - current.start);
  // A request at exactly this time starts now if the rate is positive, otherwise after the pause.
  const bool has_rate = current.start_rate.millionths > 0 || current.end_rate.millionths > 0;
  return static_cast<std::uint64_t>(has_rate ? elapsed_area / area_per_request + 1
                                             : (elapsed_area + area_per_request - 1) / area_per_request);
}

duration load_profile::start_time_of(std::uint64_t index) const noexcept {
  const auto target = area_per_request * index;
  const auto next = std::upper_bound(segments_.begin(), segments_.end(), target,
                                     [](area value, const segment& other) { return value < other.area_before; });
  if (next == segments_.begin() || target >= total_area_) return length_;
  // The last segment whose preceding area is at most `target` has an area greater than zero.
  const auto& current = *std::prev(next);
  return current.start + current.offset_of(target - current.area_before);
}

request_rate load_profile::rate_at(duration offset) const noexcept {
  if (offset < duration{0} || offset >= length_) return {};
  const auto& current = segments_[segment_at(offset)];
  if (current.burst_size > 0) return {};
  const auto rate_change = area{current.end_rate.millionths} - current.start_rate.millionths;
  const auto elapsed_change = rate_change * (offset - current.start).count() / current.length.count();
  return {current.start_rate.millionths + static_cast<std::int64_t>(elapsed_change)};
}

std::size_t load_profile::phase_at(duration offset) const noexcept {
  return segments_.empty() ? 0 : segments_[segment_at(offset)].phase;
}

}  // namespace cohort::loadgen
