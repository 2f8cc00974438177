// SPDX-License-Identifier: BSL-1.0
#include "loadgen/schedule/arrival_sequence.hpp"

namespace cohort::loadgen {

arrival_sequence::arrival_sequence(const load_profile& profile, arrival_process process, std::uint64_t seed,
                                   std::uint64_t first, std::uint64_t stride)
    : profile_{profile}, process_{process}, stride_{stride}, index_{first}, random_{seed} {
  poisson_area_ = exponential_area();
}

std::optional<arrival> arrival_sequence::next() {
  std::optional<duration> offset;
  if (process_ == arrival_process::constant) {
    offset = next_constant();
  } else {
    // Every worker generates the arrivals of all workers and uses only its own.
    do {
      offset = next_poisson();
    } while (offset && poisson_count_++ < index_);
  }
  if (!offset || *offset >= profile_.length_) return std::nullopt;
  const arrival next{.index = index_, .offset = *offset, .phase = profile_.phase_at(*offset)};
  index_ += stride_;
  return next;
}

std::optional<duration> arrival_sequence::next_constant() {
  const auto target = load_profile::area_per_request * index_;
  while (segment_ < profile_.segments_.size() && profile_.area_after(segment_) <= target) ++segment_;
  if (segment_ == profile_.segments_.size()) return std::nullopt;
  const auto& current = profile_.segments_[segment_];
  return current.start + current.offset_of(target - current.area_before);
}

std::optional<duration> arrival_sequence::next_poisson() {
  for (; segment_ < profile_.segments_.size(); ++segment_) {
    const auto& current = profile_.segments_[segment_];
    if (burst_position_ < current.burst_size) {
      ++burst_position_;
      return current.start;
    }
    // Skips the area of the burst, because bursts do not affect the random arrivals.
    poisson_area_ += load_profile::area_per_request * current.burst_size;
    burst_position_ = 0;
    if (poisson_area_ >= profile_.area_after(segment_)) continue;
    const auto offset = current.start + current.offset_of(poisson_area_ - current.area_before);
    poisson_area_ += exponential_area();
    return offset;
  }
  return std::nullopt;
}

/// Returns an exponentially distributed area with a mean of one request, computed by integer comparisons only (von
/// Neumann 1951, "Various techniques used in connection with random digits"): `std::exponential_distribution` and the
/// last digit of `std::log` differ between standard libraries.
///
/// A run of strictly decreasing random numbers has an odd length with the probability exp(−first).
load_profile::area arrival_sequence::exponential_area() {
  for (load_profile::area integer_part = 0;; integer_part += load_profile::area_per_request) {
    const std::uint64_t first = random_();
    bool is_odd = true;
    for (auto smallest = first;; is_odd = !is_odd) {
      const std::uint64_t next = random_();
      if (next >= smallest) break;
      smallest = next;
    }
    if (is_odd) return integer_part + ((static_cast<load_profile::area>(first) * load_profile::area_per_request) >> 64);
  }
}

}  // namespace cohort::loadgen
