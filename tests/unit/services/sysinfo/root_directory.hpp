// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "services/sysinfo/system_info.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::sysinfo {

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;
inline constexpr std::uint64_t gib = 1024 * mib;

/// A temporary root directory with files of the proc and sys trees.
class root_directory {
 public:
  using file = std::pair<std::string_view, std::string_view>;

  root_directory(std::initializer_list<file> files = {}) {
    for (const auto& [path, text] : files) write(path, text);
  }

  void write(std::string_view path, std::string_view text) { directory_.write(path, text); }
  void make_directory(std::string_view path) { std::filesystem::create_directories(root() / path); }
  void remove(std::string_view path) { std::filesystem::remove(root() / path); }

  system_info read() const { return system_info_reader(root(), "riscv64").read(); }
  const std::filesystem::path& root() const { return directory_.path(); }

 private:
  test::temporary_directory directory_;
};

inline constexpr std::string_view meminfo_16_gib =
    "MemTotal:       16777216 kB\n"
    "MemFree:         1048576 kB\n"
    "MemAvailable:    8388608 kB\n"
    "Buffers:          524288 kB\n"
    "Cached:          2097152 kB\n"
    "SwapCached:            7 kB\n";

}  // namespace cohort::sysinfo
