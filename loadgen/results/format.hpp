// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loadgen/measurement/censored_histogram.hpp"

// Numbers as text, independent of the locale. A value that is not finite is formatted as `–`.
namespace cohort::loadgen {

/// Three significant digits: `950 µs`, `12.3 ms`, `1.20 s`.
std::string format_duration(std::uint64_t microseconds);
/// A negative duration is formatted as zero.
std::string format_duration(duration value);
/// A lower bound is rounded down and prefixed with `≥ `.
std::string format_duration(const percentile_value& value);
/// `–` if the histogram is empty.
std::string format_percentile(const histogram& values, double percent);
std::string format_percentile(const censored_histogram& values, double percent);
/// `1,234,567`
std::string format_count(std::uint64_t count);
/// A number without trailing zeros, rounded to an integer from 100 on: `1,600`, `83.3`, `0.05`.
std::string format_number(double value);
/// Zero for an empty period.
double per_second(std::uint64_t count, duration period) noexcept;
/// A ratio in percent: `98.04 %`. Never rounded to 0 % or 100 %: `< 0.01 %`, `> 99.99 %`.
std::string format_percentage(double ratio);
/// `0.00 %` for a total of zero.
std::string format_percentage(std::uint64_t part, std::uint64_t total);
/// `24.5 MiB`
std::string format_bytes(double bytes);
/// `12.385 s`, `60 s`
std::string format_seconds(duration period);
/// Whole seconds, rounded down: `0:07`, `1:02:03`.
std::string format_elapsed(duration elapsed);
/// The number in fixed notation with exactly `decimals` decimals.
std::string format_fixed(double value, int decimals);

/// The last `width` values as block characters of eight heights, relative to their maximum.
std::string sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace cohort::loadgen
