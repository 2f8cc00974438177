// SPDX-License-Identifier: BSL-1.0
#include "loadgen/measurement/censored_histogram.hpp"

#include <algorithm>

namespace cohort::loadgen {

void censored_histogram::record_censored(duration lower_bound) {
  const auto microseconds = std::chrono::floor<std::chrono::microseconds>(lower_bound).count();
  censored_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)));
}

void censored_histogram::add(const censored_histogram& other) {
  observed_.add(other.observed_);
  censored_.add(other.censored_);
}

percentile_value censored_histogram::percentile(double percent) const {
  if (count() == 0) return {};
  const auto rank = percentile_rank(percent, count());
  const auto lowest_index = histogram::index_at_rank(observed_, &censored_, rank);
  const auto bucket_end = histogram::highest_value_at(lowest_index);
  // If the censored durations are infinite, their ranks follow those of all observed durations.
  const bool is_exact = rank <= observed_.count() && histogram::index_at_rank(observed_, nullptr, rank) == lowest_index;
  if (is_exact) return {.microseconds = std::min(bucket_end, observed_.max())};
  return {.microseconds = std::min(bucket_end, std::max(observed_.max(), censored_.max())), .is_lower_bound = true};
}

}  // namespace cohort::loadgen
