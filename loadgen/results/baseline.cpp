// SPDX-License-Identifier: BSL-1.0
#include "loadgen/results/baseline.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string_view>

#include "loadgen/results/rank_statistics.hpp"

namespace cohort::loadgen {
namespace {

constexpr std::size_t min_intervals = 8;
constexpr double significance_level = 0.01;
constexpr double min_relative_shift = 0.05;
constexpr double min_shift_us = 50;
constexpr double min_failure_shift = 0.001;

using samples = std::vector<double>;
using properties = std::vector<std::pair<std::string, std::string>>;

/// Samples of one segment of the load profile, from the baseline (`before`) and from this run (`now`).
struct segment {
  samples before;
  samples now;
};

/// Divides both runs into 20, 4 or 1 segments of at least 8 intervals each, since the phases of the modes are quarters
/// and tenths of a run. The comparison of segments eliminates differences between the phases of a profile, and detects
/// a regression in a single phase.
std::vector<segment> split_into_segments(const samples& before, const samples& now) {
  const auto intervals = std::min(before.size(), now.size());
  const std::size_t count = intervals >= 20 * min_intervals ? 20 : intervals >= 4 * min_intervals ? 4 : 1;
  const auto part = [&](const samples& values, std::size_t i) {
    const auto boundary = [&](std::size_t index) {
      return values.begin() + static_cast<std::ptrdiff_t>(values.size() * index / count);
    };
    return samples(boundary(i), boundary(i + 1));
  };
  std::vector<segment> segments;
  segments.reserve(count);
  for (std::size_t i = 0; i < count; ++i) segments.push_back({part(before, i), part(now, i)});
  return segments;
}

/// The number of autocorrelated intervals that are equivalent to one independent interval: (1 + r) / (1 − r), with the
/// lag-1 autocorrelation r of the differences between the runs, after the mean of each segment is removed. r is
/// computed from ranks, so that outliers do not affect it, and corrected for the bias of short series (Marriott and
/// Pope 1954). r is limited to 0.7, because a higher value indicates a trend, such as a growing queue, and thus a
/// difference between the runs.
///
/// In simulations with r = 0.5, two runs of the same server are reported as a regression in at most 1.7 % of cases, at
/// any length and variance (7 % without this correction). With 60 intervals that vary by 10 %, a slowdown of 20 % is
/// always detected.
double variance_inflation(const std::vector<segment>& segments) {
  samples differences;
  for (const auto& [before, now] : segments) {
    samples shifts(std::min(before.size(), now.size()));
    for (std::size_t i = 0; i < shifts.size(); ++i) shifts[i] = now[i] - before[i];
    const auto mean_shift = mean(shifts);
    for (const double shift : shifts) differences.push_back(shift - mean_shift);
  }
  auto ranks = rank_values(differences).ranks;
  const auto count = static_cast<double>(ranks.size());
  for (auto& rank : ranks) rank -= (count + 1) / 2;
  const double variance = std::inner_product(ranks.begin(), ranks.end(), ranks.begin(), 0.0);
  if (variance <= 0) return 1;
  const double estimate = std::inner_product(ranks.begin() + 1, ranks.end(), ranks.begin(), 0.0) / variance;
  const double bias = (1 + 3 * estimate) * static_cast<double>(segments.size()) / count;
  const double r = std::clamp(estimate + bias, 0.0, 0.7);
  return (1 + r) / (1 - r);
}

bool is_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789.") == text.npos; }

std::string quote_text(const std::string& value) { return is_number(value) ? value : '"' + value + '"'; }

/// Returns `remaining` without the entries of `other`. Each entry of `other` removes at most one entry.
properties subtract(properties remaining, const properties& other) {
  for (const auto& property : other) {
    if (const auto found = std::find(remaining.begin(), remaining.end(), property); found != remaining.end()) {
      remaining.erase(found);
    }
  }
  return remaining;
}

/// `rate was 5, is 50; mode was "balanced", is "spike"`; at most three differences are listed.
std::string describe_differences(const properties& before, const properties& now) {
  auto added = subtract(now, before);
  std::vector<std::string> differences;
  for (const auto& [name, old_value] : subtract(before, now)) {
    const auto match =
        std::find_if(added.begin(), added.end(), [&](const auto& property) { return property.first == name; });
    differences.push_back(name + " was " + quote_text(old_value) + ", is " +
                          (match == added.end() ? "not set" : quote_text(match->second)));
    if (match != added.end()) added.erase(match);
  }
  for (const auto& [name, value] : added) differences.push_back(name + " was not set, is " + quote_text(value));
  if (differences.empty()) return "their order differs";

  constexpr std::size_t max_listed = 3;
  auto text = differences.front();
  for (std::size_t i = 1; i < std::min(differences.size(), max_listed); ++i) text += "; " + differences[i];
  if (differences.size() > max_listed) text += "; and " + std::to_string(differences.size() - max_listed) + " more";
  return text;
}

std::size_t interval_count(const run_series& series) {
  return std::max({series.p50_us.size(), series.p99_us.size(), series.failure_ratio.size()});
}

std::string too_short_error(std::string_view run, std::size_t intervals) {
  return std::string{run} + " has " + std::to_string(intervals) + " full interval" + (intervals == 1 ? "" : "s") +
         "; a comparison needs at least " + std::to_string(min_intervals) + " in both runs.";
}

void test_significance(measure_change& change, const std::vector<segment>& segments, double min_shift) {
  rank_sum rank_sum;
  for (const auto& [before, now] : segments) {
    const auto statistic = compute_rank_sum(now, before);
    rank_sum.excess += statistic.excess;
    rank_sum.variance += statistic.variance;
  }
  change.p_value = two_sided_p_value(rank_sum.z_score() / std::sqrt(variance_inflation(segments)));
  const bool is_relevant = change.p_value < significance_level && std::abs(change.shift) >= min_shift;
  change.is_worse = is_relevant && change.shift > 0 && rank_sum.excess > 0;
  change.is_better = is_relevant && change.shift < 0 && rank_sum.excess < 0;
}

bool are_sufficient(const samples& before, const samples& now) {
  return std::min(before.size(), now.size()) >= min_intervals;
}

measure_change compare_times(std::string name, const samples& before, const samples& now) {
  measure_change change{.name = std::move(name), .before = median(before), .now = median(now)};
  if (!are_sufficient(before, now)) return change;
  const auto segments = split_into_segments(before, now);
  for (const auto& segment : segments) {
    change.shift += hodges_lehmann_shift(segment.before, segment.now) / static_cast<double>(segments.size());
  }
  test_significance(change, segments, std::max(min_relative_shift * change.before, min_shift_us));
  return change;
}

measure_change compare_failures(const samples& before, const samples& now) {
  measure_change change{.name = "failed", .before = mean(before), .now = mean(now)};
  change.shift = change.now - change.before;
  if (are_sufficient(before, now)) {
    test_significance(change, split_into_segments(before, now), min_failure_shift);
  }
  return change;
}

}  // namespace

bool baseline_comparison::has_regression() const noexcept {
  return std::any_of(measures.begin(), measures.end(), [](const measure_change& change) { return change.is_worse; });
}

result<baseline_comparison, std::string> compare_runs(const run_series& before, const run_series& now,
                                                      std::string file) {
  const auto error = [](std::string message) {
    return result<baseline_comparison, std::string>{boost::system::in_place_error, std::move(message)};
  };
  if (before.fingerprint != now.fingerprint) {
    return error("The settings of the runs differ: " + describe_differences(before.fingerprint, now.fingerprint) + ".");
  }
  if (const auto count = interval_count(before); count < min_intervals)
    return error(too_short_error("The baseline", count));
  if (const auto count = interval_count(now); count < min_intervals) return error(too_short_error("This run", count));

  baseline_comparison comparison{.file = std::move(file)};
  comparison.measures.push_back(compare_times("p50", before.p50_us, now.p50_us));
  comparison.measures.push_back(compare_times("p99", before.p99_us, now.p99_us));
  comparison.measures.push_back(compare_failures(before.failure_ratio, now.failure_ratio));
  return comparison;
}

}  // namespace cohort::loadgen
