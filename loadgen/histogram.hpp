#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/runtime/clock.hpp"

namespace cohort::loadgen {

/// Counts of durations in microseconds, 1 to 3.6e9 (an hour), exact to three significant digits: Gil Tene's
/// HdrHistogram, whose bucket layout this has, so that others read what `encoded` gives. Recording allocates only when
/// a power of two is met for the first time: 8 KiB of the 188 that all of them take.
class histogram {
 public:
  static constexpr std::uint64_t greatest_trackable = 3'600'000'000;

  /// Beyond the range it counts as the range's end. `max()` is of that, too.
  void record(std::uint64_t microseconds, std::uint64_t times = 1);
  /// To the nearest microsecond above; a negative one counts as zero.
  void record(duration span);
  void add(const histogram& other);

  std::uint64_t count() const noexcept { return count_; }
  /// Exact, unlike the percentiles; zero where nothing was recorded.
  std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept;

  /// The value of the `rank`-th smallest, 1 to `count()`: the greatest that its bucket stands for, `max()` at most.
  std::uint64_t at_rank(std::uint64_t rank) const noexcept;
  /// As `at_rank(ceil(percent / 100 × count))`, at least rank 1; zero where nothing was recorded.
  std::uint64_t percentile(double percent) const noexcept;
  /// How many were at most so long, as far as the buckets tell: how many ranks have an `at_rank` of at most this. So a
  /// bucket counts with all it has or not at all.
  std::uint64_t count_up_to(std::uint64_t microseconds) const noexcept;

  struct bucket {
    std::uint64_t least;
    std::uint64_t greatest;
    std::uint64_t count;
  };
  /// Those that are not empty, in ascending order.
  void for_each_bucket(const std::function<void(const bucket&)>& visit) const;

  /// HdrHistogram's compressed V2 encoding in Base64, as its libraries in other languages decode it.
  std::string encoded() const;

 private:
  static constexpr unsigned sub_bucket_half = 1024;  // three significant digits: 2048 sub-buckets
  static constexpr unsigned chunk_count = 23;        // until 2^21 × 2048 > 3.6e9, and the lower half of the first
  using chunk = std::array<std::uint64_t, sub_bucket_half>;
  friend class censored_histogram;

  static std::size_t index_of(std::uint64_t microseconds) noexcept;
  static std::uint64_t least_at(std::size_t index) noexcept;
  static std::uint64_t greatest_at(std::size_t index) noexcept;
  /// Of the values of both together, if there is another.
  static std::size_t index_of_rank(const histogram& of, const histogram* also, std::uint64_t rank) noexcept;
  template <class Visit>
  void for_each_index(Visit visit) const;
  std::string payload() const;

  std::array<std::unique_ptr<chunk>, chunk_count> chunks_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
  /// Whole, so that no order of adding changes it: enough for 5e9 times the range's end.
  std::uint64_t sum_ = 0;
};

/// The rank among `count` sorted values that a percentile names: the least that has so many percent at or below it, 1
/// at least. Exact for percentages of up to nine decimals, where `ceil` of a product of doubles is one off at times.
std::uint64_t rank_of(double percent, std::uint64_t count) noexcept;

/// A percentile, or, where what is not known could move it, the least that it can be.
struct percentile_value {
  std::uint64_t microseconds = 0;
  bool lower_bound = false;
  friend bool operator==(const percentile_value&, const percentile_value&) = default;
};

/// Durations of which some are known only to be longer than what was seen of them: requests that were never sent or
/// had no answer by the end. To leave those out would flatter.
class censored_histogram {
 public:
  void record(duration span) { known_.record(span); }
  /// To the microsecond below, so that it stays a lower bound.
  void record_at_least(duration span);
  void add(const censored_histogram& other);

  const histogram& known() const noexcept { return known_; }
  /// What was seen of the others.
  const histogram& at_least() const noexcept { return censored_; }
  std::uint64_t count() const noexcept { return known_.count() + censored_.count(); }
  std::uint64_t censored() const noexcept { return censored_.count(); }

  /// Exact if it falls into the same bucket whether each censored one ended when it was last seen or never will; else
  /// what the former gives, marked as a lower bound. 100 gives the maximum.
  percentile_value percentile(double percent) const;

 private:
  histogram known_;
  histogram censored_;
};

}  // namespace cohort::loadgen
