#include "loadgen/plan.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace cohort::loadgen {
namespace {

__extension__ using wide = __int128;

// Nothing below multiplies more than two rates, lengths or remainders of such, whatever they are. What is added up is
// 2·10^15 a request, so that a plan may have 8·10^22 of them: 10^7 a second for a week are 6·10^12.
constexpr wide greatest_factor = std::numeric_limits<std::int64_t>::max();
static_assert(greatest_factor <= std::numeric_limits<wide>::max() / greatest_factor / 2);

/// a · b² / c, for 0 <= b <= c, rounded down or up: as (a · b / c) · b / c, without losing what the first division
/// leaves.
wide times_square_over(wide a, wide b, wide c, bool up) noexcept {
  const auto whole = a * b / c;
  const auto rest = a * b % c;
  return whole * b + (rest * b + (up ? c - 1 : 0)) / c;
}

/// The first in [0, last] for which `reached` holds, as it does from then on, and for `last`. Fast if `guess` is close.
template <class Reached>
std::int64_t first_that(std::int64_t guess, std::int64_t last, Reached reached) {
  std::int64_t not_yet = -1;
  std::int64_t already = last;
  guess = std::clamp<std::int64_t>(guess, 0, last);
  const bool guess_reached = reached(guess);
  (guess_reached ? already : not_yet) = guess;
  for (std::int64_t step = 1; step < already - not_yet; step *= 2) {
    const auto next = guess_reached ? already - step : not_yet + step;
    const bool next_reached = reached(next);
    (next_reached ? already : not_yet) = next;
    if (next_reached != guess_reached) break;
  }
  while (already - not_yet > 1) {
    const auto middle = not_yet + (already - not_yet) / 2;
    (reached(middle) ? already : not_yet) = middle;
  }
  return already;
}

}  // namespace

plan::area plan::segment::area_within(duration since) const noexcept {
  if (burst > 0) return one_request * burst;
  const auto so_far = since.count();
  const auto level = area{2} * from.millionths * so_far;
  if (from == to) return level;
  if (from < to) return level + times_square_over(to.millionths - from.millionths, so_far, length.count(), false);
  return level - times_square_over(from.millionths - to.millionths, so_far, length.count(), true);
}

duration plan::segment::offset_of(area within) const noexcept {
  if (burst > 0) return duration{0};
  const auto rate = area{from.millionths};
  if (from == to) return duration{static_cast<std::int64_t>((within + 2 * rate - 1) / (2 * rate))};
  // The smaller root of 2·from·s + (to − from) / length · s² = within, in the form that does not cancel. It is a guess.
  const auto steepness = static_cast<double>(to.millionths - from.millionths) / static_cast<double>(length.count());
  const auto wanted = static_cast<double>(within);
  const auto start_rate = static_cast<double>(from.millionths);
  const auto end_rate = std::sqrt(std::max(start_rate * start_rate + steepness * wanted, 0.0));
  const auto guess = wanted / std::max(start_rate + end_rate, 1.0);
  return duration{first_that(static_cast<std::int64_t>(guess), length.count(),
                             [&](std::int64_t since) { return area_within(duration{since}) >= within; })};
}

plan& plan::begin_phase(std::string name) {
  phases_.push_back({.name = std::move(name), .start = length_});
  return *this;
}

plan& plan::add_line(duration length, request_rate from, request_rate to) {
  assert(from.millionths >= 0 && to.millionths >= 0);
  return add({.length = length, .from = from, .to = to}, (area{from.millionths} + to.millionths) * length.count());
}

plan& plan::add_burst(std::uint64_t requests, duration length) {
  return add({.length = length, .burst = requests}, one_request * requests);
}

plan& plan::add(segment next, area all) {
  assert(!phases_.empty() && next.length >= duration{0});
  next.start = length_;
  next.phase = phases_.size() - 1;
  next.area_before = total_;
  segments_.push_back(next);
  phases_.back().length += next.length;
  length_ += next.length;
  total_ += all;
  return *this;
}

plan::area plan::area_after(std::size_t segment_index) const noexcept {
  return segment_index + 1 < segments_.size() ? segments_[segment_index + 1].area_before : total_;
}

std::size_t plan::segment_at(duration moment) const noexcept {
  const auto later = std::upper_bound(segments_.begin(), segments_.end(), moment,
                                      [](duration when, const segment& each) { return when < each.start; });
  return later == segments_.begin() ? 0 : static_cast<std::size_t>(later - segments_.begin()) - 1;
}

std::uint64_t plan::requests() const noexcept { return requests_before(length_); }

std::uint64_t plan::requests_before(duration moment) const noexcept {
  if (moment <= duration{0} || segments_.empty()) return 0;
  // Starts are whole nanoseconds: those that are earlier are those until the one before.
  const auto last = std::min(moment, length_) - duration{1};
  const auto& within = segments_[segment_at(last)];
  const auto so_far = within.area_before + within.area_within(last - within.start);
  // Where there is a rate, a request whose turn it is just now starts now; else only when there is one again.
  const bool has_rate = within.from.millionths > 0 || within.to.millionths > 0;
  return static_cast<std::uint64_t>(has_rate ? so_far / one_request + 1 : (so_far + one_request - 1) / one_request);
}

duration plan::start_of(std::uint64_t index) const noexcept {
  const auto wanted = one_request * index;
  const auto later = std::upper_bound(segments_.begin(), segments_.end(), wanted,
                                      [](area than, const segment& each) { return than < each.area_before; });
  // Of those with no more than that before them the last is the one, unless it has nothing more to give itself.
  if (later == segments_.begin() || wanted >= total_) return length_;
  const auto& within = *std::prev(later);
  return within.start + within.offset_of(wanted - within.area_before);
}

request_rate plan::rate_at(duration moment) const noexcept {
  if (moment < duration{0} || moment >= length_) return {};
  const auto& within = segments_[segment_at(moment)];
  if (within.burst > 0) return {};
  const auto rise = area{within.to.millionths} - within.from.millionths;
  const auto risen = rise * (moment - within.start).count() / within.length.count();
  return {within.from.millionths + static_cast<std::int64_t>(risen)};
}

std::size_t plan::phase_at(duration moment) const noexcept {
  return segments_.empty() ? 0 : segments_[segment_at(moment)].phase;
}

arrivals::arrivals(const plan& of, arrival_kind kind, std::uint64_t seed, std::uint64_t first, std::uint64_t stride)
    : plan_{of}, kind_{kind}, stride_{stride}, index_{first}, random_{seed} {
  area_ = exponential();
}

std::optional<arrival> arrivals::next() {
  std::optional<duration> at;
  if (kind_ == arrival_kind::constant) {
    at = next_constant();
  } else {
    do {
      at = next_random();
    } while (at && drawn_++ < index_);
  }
  if (!at || *at >= plan_.length_) return std::nullopt;
  const arrival next{.index = index_, .at = *at, .phase = plan_.phase_at(*at)};
  index_ += stride_;
  return next;
}

std::optional<duration> arrivals::next_constant() {
  const auto wanted = plan::one_request * index_;
  while (segment_ < plan_.segments_.size() && plan_.area_after(segment_) <= wanted) ++segment_;
  if (segment_ == plan_.segments_.size()) return std::nullopt;
  const auto& within = plan_.segments_[segment_];
  return within.start + within.offset_of(wanted - within.area_before);
}

std::optional<duration> arrivals::next_random() {
  for (; segment_ < plan_.segments_.size(); ++segment_) {
    const auto& within = plan_.segments_[segment_];
    if (of_burst_ < within.burst) {
      ++of_burst_;
      return within.start;
    }
    // The random clock stands still during a burst.
    area_ += plan::one_request * within.burst;
    of_burst_ = 0;
    if (area_ >= plan_.area_after(segment_)) continue;
    const auto at = within.start + within.offset_of(area_ - within.area_before);
    area_ += exponential();
    return at;
  }
  return std::nullopt;
}

/// By comparisons of whole numbers alone (von Neumann 1951, "Various techniques used in connection with random
/// digits"): the standard library's distribution differs from one to another, and so does the last digit of a
/// logarithm.
///
/// Of a run of numbers, each smaller than the one before, the chance that its length is odd is exp(−first).
plan::area arrivals::exponential() {
  for (plan::area whole = 0;; whole += plan::one_request) {
    const std::uint64_t first = random_();
    bool odd = true;
    for (auto least = first;; odd = !odd) {
      const std::uint64_t next = random_();
      if (next >= least) break;
      least = next;
    }
    if (odd) return whole + ((static_cast<plan::area>(first) * plan::one_request) >> 64);
  }
}

}  // namespace cohort::loadgen
