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

/// The kernel's small text files (proc, sysfs, cgroupfs): reading them without iostreams, and taking their text apart.
/// Nothing here reports an error. A file that is missing or unreadable reads as empty, and text that is not what was
/// asked for gives `nullopt`, because every caller has a documented fallback for "not known".
namespace cohort::proc {

/// The file's beginning, as much of it as fits `buffer`, which the result points into. Allocates nothing.
std::string_view read_into(const std::string& path, std::span<char> buffer) noexcept;

/// The whole file, up to 16 MiB (the largest /proc/cpuinfo: x86's 8192 CPUs at under 2 KiB each).
std::string read_whole(const std::filesystem::path& path);

/// Without blanks and line ends at either end.
std::string_view trimmed(std::string_view text) noexcept;

/// What stands before the first `separator`, or everything if there is none; `rest` becomes what stands behind it.
std::string_view take_until(std::string_view& rest, char separator) noexcept;

/// The value of the first line `key : value` whose key is exactly `key`, as in /proc/meminfo and /proc/cpuinfo.
/// A line with nothing behind the colon counts as missing.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key) noexcept;

/// A line of /proc/meminfo, whose "kB" are KiB (proc_meminfo(5)), in bytes.
std::optional<std::uint64_t> meminfo_bytes(std::string_view meminfo, std::string_view key) noexcept;

/// `text`, if all of it is one finite number of type `T`.
template <std::integral T>
std::optional<T> number(std::string_view text, int base = 10) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <std::floating_point T>
std::optional<T> number(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace cohort::proc
