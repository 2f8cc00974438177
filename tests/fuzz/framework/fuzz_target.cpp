// SPDX-License-Identifier: BSL-1.0
#include "tests/fuzz/framework/fuzz_target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <cohort/runtime/random.hpp>

namespace cohort::fuzz {
namespace {

std::vector<target>& registered() {
  static std::vector<target> all;
  return all;
}

}  // namespace

registration::registration(target added_target) {
  auto& all = registered();
  const auto position = std::ranges::lower_bound(all, added_target.name, {}, &target::name);
  all.insert(position, added_target);
}

const std::vector<target>& targets() { return registered(); }

void require(bool condition, const char* property) {
  if (condition) return;
  std::fprintf(stderr, "fuzz: property violated: %s\n", property);
  std::abort();
}

std::uint64_t hash(std::string_view input) noexcept {
  std::uint64_t value = 0xCBF29CE484222325U;  // FNV-1a
  for (const char c : input) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return value;
}

std::vector<std::string_view> random_slices(std::string_view input, std::uint64_t seed) {
  random_generator random{seed};
  const std::uint64_t max_size = std::uint64_t{1} << random.uniform_below(10);
  std::vector<std::string_view> slices;
  while (!input.empty()) {
    const auto size = std::min<std::size_t>(1 + random.uniform_below(max_size), input.size());
    slices.push_back(input.substr(0, size));
    input.remove_prefix(size);
  }
  return slices;
}

std::vector<std::string_view> lines(std::string_view input) {
  std::vector<std::string_view> all;
  while (!input.empty()) {
    const auto end = std::min(input.find('\n'), input.size());
    all.push_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return all;
}

}  // namespace cohort::fuzz
