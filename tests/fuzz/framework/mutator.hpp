// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/random.hpp>

namespace cohort::fuzz {

/// Creates new inputs from those of a corpus without feedback about coverage: for tests in builds without libFuzzer.
/// The same seed produces the same inputs.
class mutator {
 public:
  /// `corpus` must not be empty and must outlive this object.
  mutator(const std::vector<std::string>& corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

  /// Returns an input of the corpus with one to four changes: changed, removed, duplicated or inserted bytes, or a part
  /// of another input. The result has at most `max_size` bytes.
  std::string next();

  static constexpr std::size_t max_size = 4096;

 private:
  void change(std::string& input);
  /// Returns a random part of a random input.
  std::string_view random_part();
  std::size_t position_in(std::string_view text) { return random_.uniform_below(text.size() + 1); }

  const std::vector<std::string>& corpus_;
  random_generator random_;
};

}  // namespace cohort::fuzz
