// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <cohort/runtime/time/clock.hpp>

namespace cohort::loadgen {

/// A histogram of durations in microseconds, from 1 to 3.6e9 (one hour), with three significant digits. It has the
/// bucket layout of Gil Tene's HdrHistogram, so that HdrHistogram's libraries can read `encode_v2()`.
///
/// Memory: at most 23 chunks of 8 KiB. A chunk is allocated for the first value in its power of two.
class histogram {
 public:
  static constexpr std::uint64_t highest_trackable_value = 3'600'000'000;

  /// Values above `highest_trackable_value` are recorded as `highest_trackable_value`.
  void record(std::uint64_t microseconds, std::uint64_t count = 1);
  /// Rounds up to a microsecond; a negative duration is recorded as zero.
  void record(duration value);
  void add(const histogram& other);

  std::uint64_t count() const noexcept { return count_; }
  /// The exact minimum; zero if empty.
  std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  /// The exact maximum; zero if empty.
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept;

  /// The value at `rank`, from 1 to `count()`, in ascending order: the highest value of its bucket, at most `max()`.
  std::uint64_t value_at_rank(std::uint64_t rank) const noexcept;
  /// `value_at_rank(percentile_rank(percent, count()))`; zero if empty.
  std::uint64_t percentile(double percent) const noexcept;
  /// The number of values in buckets whose highest value is at most `microseconds`.
  std::uint64_t count_at_or_below(std::uint64_t microseconds) const noexcept;

  struct bucket {
    std::uint64_t lowest_value;
    std::uint64_t highest_value;
    std::uint64_t count;
  };
  /// Visits the buckets that are not empty, in ascending order.
  void for_each_bucket(const std::function<void(const bucket&)>& visit) const;

  /// HdrHistogram's compressed V2 encoding, in Base64.
  std::string encode_v2() const;

 private:
  static constexpr unsigned sub_bucket_half_count = 1024;  // 2048 sub-buckets give three significant digits
  static constexpr unsigned chunk_count = 23;              // 2^21 × 2048 exceeds 3.6e9; the first bucket has two halves
  using chunk = std::array<std::uint64_t, sub_bucket_half_count>;
  friend class censored_histogram;

  static std::size_t index_of(std::uint64_t microseconds) noexcept;
  static std::uint64_t lowest_value_at(std::size_t index) noexcept;
  static std::uint64_t highest_value_at(std::size_t index) noexcept;
  /// The bucket index of `rank` in the union of `first` and, unless null, `second`.
  static std::size_t index_at_rank(const histogram& first, const histogram* second, std::uint64_t rank) noexcept;
  template <class Visit>
  void for_each_index(Visit visit) const;
  std::string encode_counts() const;

  std::array<std::unique_ptr<chunk>, chunk_count> chunks_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
  /// The sum is an integer, so that it does not depend on the order of the additions. Holds 5e9 times the highest
  /// trackable value.
  std::uint64_t sum_ = 0;
};

/// The rank, from 1, of a percentile among `count` sorted values: the smallest rank with at least `percent` of the
/// values at or below it. Exact for up to nine decimals, unlike `ceil` of a product of doubles.
std::uint64_t percentile_rank(double percent, std::uint64_t count) noexcept;

}  // namespace cohort::loadgen
