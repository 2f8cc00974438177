#include "loadgen/baseline.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <numeric>

namespace cohort::loadgen {
namespace {

constexpr std::size_t fewest_intervals = 8;
constexpr double significant = 0.01;

using samples = std::vector<double>;
using properties = std::vector<std::pair<std::string, std::string>>;

/// Each one's rank from 1; equal ones share the mean of theirs. `ties` is the sum of t³ − t over the groups of equals.
samples ranks_of(const samples& values, double& ties) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  samples ranks(values.size());
  ties = 0;
  for (std::size_t first = 0; first < order.size();) {
    auto last = first + 1;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    const auto size = static_cast<double>(last - first);
    ties += size * size * size - size;
    for (auto i = first; i < last; ++i) ranks[order[i]] = static_cast<double>(first + last + 1) / 2;
    first = last;
  }
  return ranks;
}

/// Mann and Whitney's U against what it would be for equals, and what it varies by.
struct rank_sum {
  double excess = 0;
  double variance = 0;

  /// In standard deviations, by the normal approximation.
  double distance() const { return variance <= 0 ? 0 : std::max(std::abs(excess) - 0.5, 0.0) / std::sqrt(variance); }
};

rank_sum rank_sum_of(const samples& a, const samples& b) {
  if (a.empty() || b.empty()) return {};
  samples both{a};
  both.insert(both.end(), b.begin(), b.end());
  double ties = 0;
  const auto ranks = ranks_of(both, ties);
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const auto all = n + m;
  const double u = std::accumulate(ranks.begin(), ranks.begin() + std::ssize(a), 0.0) - n * (n + 1) / 2;
  return {.excess = u - n * m / 2, .variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)))};
}

double two_sided(double distance) { return std::erfc(distance / std::numbers::sqrt2); }

double mean(const samples& of) {
  return of.empty() ? 0 : std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size());
}

double median(samples of) {
  if (of.empty()) return 0;
  std::sort(of.begin(), of.end());
  return (of[(of.size() - 1) / 2] + of[of.size() / 2]) / 2;
}

/// The same stretch of both runs.
struct part {
  samples before;
  samples now;
};

/// A plan has its own ups and downs, the same in both runs: they are compared part by part, so that a slow phase is not
/// held against a quick one, and what is worse in one phase only does not drown in the differences between phases.
/// Twentieths or quarters, since the modes are made of quarters and tenths; of at least eight intervals, from which it
/// can be told how much one resembles the next.
std::vector<part> parts_of(const samples& before, const samples& now) {
  const auto intervals = std::min(before.size(), now.size());
  const std::size_t count = intervals >= 20 * fewest_intervals ? 20 : intervals >= 4 * fewest_intervals ? 4 : 1;
  const auto cut = [&](const samples& of, std::size_t i) {
    const auto at = [&](std::size_t which) {
      return of.begin() + static_cast<std::ptrdiff_t>(of.size() * which / count);
    };
    return samples(at(i), at(i + 1));
  };
  std::vector<part> parts;
  parts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) parts.push_back({cut(before, i), cut(now, i)});
  return parts;
}

/// How many dependent intervals are worth one independent one: (1 + r) / (1 − r), where r is how much one resembles the
/// next. It is taken from the differences between the runs, moment by moment, without what the parts differ by; by
/// ranks, so that one outlier does not hide it; and with what so few make it too small by (Marriott and Pope 1954).
/// Beyond 0.7 it is rather a trend, such as a queue that grows, and that is a difference between the runs.
///
/// Simulated with r = 0.5, two runs of one server are called a regression 0 to 1.7 times in a hundred, at any length
/// and scatter; without this, 7 times. With 60 intervals that scatter by a tenth, 20 % slower is always found.
double redundancy(const std::vector<part>& parts) {
  samples differences;
  for (const auto& [before, now] : parts) {
    samples here(std::min(before.size(), now.size()));
    for (std::size_t i = 0; i < here.size(); ++i) here[i] = now[i] - before[i];
    const auto usual = mean(here);
    for (const double each : here) differences.push_back(each - usual);
  }
  double ties = 0;
  auto ranks = ranks_of(differences, ties);
  const auto count = static_cast<double>(ranks.size());
  for (auto& rank : ranks) rank -= (count + 1) / 2;
  const double spread = std::inner_product(ranks.begin(), ranks.end(), ranks.begin(), 0.0);
  if (spread <= 0) return 1;
  const double seen = std::inner_product(ranks.begin() + 1, ranks.end(), ranks.begin(), 0.0) / spread;
  const double r = std::clamp(seen + (1 + 3 * seen) * static_cast<double>(parts.size()) / count, 0.0, 0.7);
  return (1 + r) / (1 - r);
}

/// Doubles in their order as integers in theirs, and back.
std::int64_t ordered(std::int64_t bits) { return bits < 0 ? bits ^ std::numeric_limits<std::int64_t>::max() : bits; }

/// The `rank`-th smallest of all differences of two ascending samples, from 1; found by halving the range of doubles
/// and counting, so that their n·m differences are never stored.
double difference_at_rank(const samples& before, const samples& now, std::size_t rank) {
  const auto up_to = [&](double limit) {
    std::size_t count = 0;
    std::size_t above = 0;  // how many of `before` are so small that the difference is too large
    for (const double each : now) {
      while (above < before.size() && each - before[above] > limit) ++above;
      count += before.size() - above;
    }
    return count;
  };
  auto least = ordered(std::bit_cast<std::int64_t>(now.front() - before.back()));
  auto most = ordered(std::bit_cast<std::int64_t>(now.back() - before.front()));
  while (least < most) {
    const auto middle = std::midpoint(least, most);
    const bool enough = up_to(std::bit_cast<double>(ordered(middle))) >= rank;
    (enough ? most : least) = enough ? middle : middle + 1;
  }
  return std::bit_cast<double>(ordered(least));
}

bool is_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789.") == text.npos; }

std::string shown(const std::string& value) { return is_number(value) ? value : '"' + value + '"'; }

/// Those of `from` without a match in `other`, each of which matches once.
properties without(properties from, const properties& other) {
  for (const auto& each : other) {
    if (const auto found = std::find(from.begin(), from.end(), each); found != from.end()) from.erase(found);
  }
  return from;
}

/// `rate was 5, is 50; mode was "balanced", is "spike"`; of many only the first.
std::string differences(const properties& before, const properties& now) {
  auto gone = without(before, now);
  auto come = without(now, before);
  std::vector<std::string> all;
  for (const auto& [name, was] : gone) {
    const auto same = std::find_if(come.begin(), come.end(), [&](const auto& each) { return each.first == name; });
    all.push_back(name + " was " + shown(was) + ", is " + (same == come.end() ? "not set" : shown(same->second)));
    if (same != come.end()) come.erase(same);
  }
  for (const auto& [name, is] : come) all.push_back(name + " was not set, is " + shown(is));
  if (all.empty()) return "the same things in another order";

  constexpr std::size_t most_named = 3;
  auto text = all.front();
  for (std::size_t i = 1; i < std::min(all.size(), most_named); ++i) text += "; " + all[i];
  if (all.size() > most_named) text += "; and " + std::to_string(all.size() - most_named) + " more";
  return text;
}

std::size_t intervals_of(const run_series& of) {
  return std::max({of.p50_us.size(), of.p99_us.size(), of.failed_share.size()});
}

std::string too_short(std::string_view which, std::size_t intervals) {
  return std::string{which} + " has only " + std::to_string(intervals) + " whole interval" +
         (intervals == 1 ? "" : "s") + ": it takes " + std::to_string(fewest_intervals) +
         " of both runs to conclude anything.";
}

void judge(compared_measure& of, const std::vector<part>& parts, double matters) {
  rank_sum all;
  for (const auto& [before, now] : parts) {
    const auto here = rank_sum_of(now, before);
    all.excess += here.excess;
    all.variance += here.variance;
  }
  of.p_value = two_sided(all.distance() / std::sqrt(redundancy(parts)));
  const bool counts = of.p_value < significant && std::abs(of.shift) >= matters;
  of.worse = counts && of.shift > 0 && all.excess > 0;
  of.better = counts && of.shift < 0 && all.excess < 0;
}

bool are_enough(const samples& before, const samples& now) {
  return std::min(before.size(), now.size()) >= fewest_intervals;
}

compared_measure compare_times(std::string name, const samples& before, const samples& now) {
  compared_measure of{.name = std::move(name), .before = median(before), .now = median(now)};
  if (!are_enough(before, now)) return of;
  const auto parts = parts_of(before, now);
  for (const auto& each : parts) of.shift += typical_shift(each.before, each.now) / static_cast<double>(parts.size());
  judge(of, parts, std::max(0.05 * of.before, 50.0));
  return of;
}

compared_measure compare_failures(const samples& before, const samples& now) {
  compared_measure of{.name = "failed", .before = mean(before), .now = mean(now)};
  of.shift = of.now - of.before;
  if (are_enough(before, now)) judge(of, parts_of(before, now), 0.001);
  return of;
}

}  // namespace

double rank_sum_p_value(const std::vector<double>& a, const std::vector<double>& b) {
  return two_sided(rank_sum_of(a, b).distance());
}

double typical_shift(const std::vector<double>& before, const std::vector<double>& now) {
  if (before.empty() || now.empty()) return 0;
  auto sorted_before = before;
  auto sorted_now = now;
  std::sort(sorted_before.begin(), sorted_before.end());
  std::sort(sorted_now.begin(), sorted_now.end());
  const auto all = before.size() * now.size();
  const auto lower = difference_at_rank(sorted_before, sorted_now, (all + 1) / 2);
  const auto upper = difference_at_rank(sorted_before, sorted_now, all / 2 + 1);
  return (lower + upper) / 2;
}

bool comparison::regressed() const noexcept {
  return std::any_of(measures.begin(), measures.end(), [](const compared_measure& each) { return each.worse; });
}

result<comparison, std::string> compare(const run_series& before, const run_series& now, std::string file) {
  const auto refuse = [](std::string why) {
    return result<comparison, std::string>{boost::system::in_place_error, std::move(why)};
  };
  if (before.fingerprint != now.fingerprint) {
    return refuse("The runs are not alike: " + differences(before.fingerprint, now.fingerprint) + ".");
  }
  if (const auto had = intervals_of(before); had < fewest_intervals) return refuse(too_short("The run before", had));
  if (const auto has = intervals_of(now); has < fewest_intervals) return refuse(too_short("This run", has));

  comparison made{.file = std::move(file)};
  made.measures.push_back(compare_times("p50", before.p50_us, now.p50_us));
  made.measures.push_back(compare_times("p99", before.p99_us, now.p99_us));
  made.measures.push_back(compare_failures(before.failed_share, now.failed_share));
  return made;
}

}  // namespace cohort::loadgen
