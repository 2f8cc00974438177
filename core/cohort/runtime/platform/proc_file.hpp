// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

/// Reads and parses small text files of the kernel (procfs, sysfs, cgroupfs) without iostreams. These functions report
/// no errors, because every caller has a documented fallback for an unknown value. A missing or unreadable file counts
/// as empty, and the result for malformed text is `nullopt`.
namespace cohort::platform {

/// Reads the beginning of a file into `buffer`. Returns the part of `buffer` that was filled. Does not allocate.
std::string_view read_prefix(const std::string& path, std::span<char> buffer) noexcept;

/// Reads a complete file of up to 16 MiB. The largest file is /proc/cpuinfo, with less than 2 KiB for each of at most
/// 8192 CPUs on x86.
std::string read_file(const std::filesystem::path& path);

/// Returns `text` without leading and trailing spaces, tabs and newlines.
std::string_view trim(std::string_view text) noexcept;

/// Returns the text before the first `separator`, or all of `remaining` if there is none, and removes the text and the
/// separator from `remaining`.
std::string_view consume_field(std::string_view& remaining, char separator) noexcept;

/// The value of the first line `key : value` with exactly this key, as in /proc/meminfo and /proc/cpuinfo. Lines with
/// an empty value are skipped.
std::optional<std::string_view> find_value(std::string_view text, std::string_view key) noexcept;

/// The value of `key` in /proc/meminfo, in bytes. The file's unit "kB" is KiB: proc_meminfo(5).
std::optional<std::uint64_t> meminfo_bytes(std::string_view meminfo, std::string_view key) noexcept;

/// Parses all of `text` as an integer. Returns an empty optional if `text` is malformed or out of range for `T`.
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Parses all of `text` as a floating-point number. Returns an empty optional if `text` is malformed or the number is
/// not finite.
template <std::floating_point T>
std::optional<T> parse_number(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace cohort::platform
