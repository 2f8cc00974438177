#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loadgen/histogram.hpp"

// Figures as people read them. What has no figure, such as a division by nothing, is `–`.
namespace cohort::loadgen {

/// `950 µs`, `12.3 ms`, `1.20 s`: three significant digits.
std::string duration_text(std::uint64_t microseconds);
/// The same, with `≥ ` before what is only a lower bound, which is then rounded down, so that it stays one.
std::string duration_text(const percentile_value& value);
/// `–` where nothing was recorded.
std::string percentile_text(const histogram& of, double percent);
std::string percentile_text(const censored_histogram& of, double percent);
/// `1,234,567`
std::string count_text(std::uint64_t count);
/// Per second: `1,600`, `83.3`, `0.05`; whole above a hundred, else without zeros at the end.
std::string rate_text(double per_second);
/// Zero over no time.
double per_second(std::uint64_t count, duration over) noexcept;
/// Of a share: `98.04 %`. Never rounded to nothing or to all of it: `< 0.01 %`, `> 99.99 %`.
std::string share_text(double share);
/// Of nothing, too, it is none.
std::string share_text(std::uint64_t part, std::uint64_t whole);
/// `24.5 MiB`
std::string bytes_text(double bytes);
/// `12.385 s`, `60 s`
std::string seconds_text(duration span);
/// `0:07`, `1:02:03`: whole seconds, rounded down.
std::string clock_text(duration span);
/// Always with `decimals` of them and a point, whatever the locale.
std::string fixed_text(double value, int decimals);

/// Eight heights of block characters, scaled to the greatest value; the newest `width` of them.
std::string sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace cohort::loadgen
