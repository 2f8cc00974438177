// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cohort::fuzz {

/// A fuzz target: a function that passes arbitrary bytes to a parser and checks the properties of the result with
/// `require`. A target must be deterministic, and must not throw.
struct target {
  /// The name of its corpus directory and of its libFuzzer program.
  std::string_view name;
  void (*run)(std::string_view input);
};

/// Adds a target when the program starts: one static object in each target's source file.
struct registration {
  explicit registration(target added_target);
};

/// Returns all registered targets, sorted by name.
const std::vector<target>& targets();

/// Aborts, with `property` on standard error, if `condition` is false.
void require(bool condition, const char* property);

/// Returns a hash of `input`, the seed of all random choices of a target: the same input always takes the same path.
std::uint64_t hash(std::string_view input) noexcept;

/// Divides `input` into consecutive slices, none of them empty, at positions that `seed` selects.
std::vector<std::string_view> random_slices(std::string_view input, std::uint64_t seed);

/// Returns the lines of `input` without their line feeds.
std::vector<std::string_view> lines(std::string_view input);

}  // namespace cohort::fuzz
