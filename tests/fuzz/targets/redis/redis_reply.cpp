// SPDX-License-Identifier: BSL-1.0
// Fuzzes the parser of Redis replies, reply_parser.
#include <bit>
#include <optional>
#include <string>
#include <vector>

#include <cohort/redis/reply_parser.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::redis_reply_target {
namespace {

constexpr redis::reply_limits limits{.max_bytes = 1024, .max_values = 64, .max_depth = 5};

struct parse_result {
  std::vector<redis::reply> replies;
  std::optional<std::string> failure;
};

parse_result parse(const std::vector<std::string_view>& slices) {
  parse_result result;
  redis::reply_parser parser{limits};
  for (auto slice : slices) {
    while (!slice.empty()) {
      const auto used = parser.parse(slice, result.failure);
      require(used <= slice.size() && used > 0, "the parser consumes at most its input");
      slice.remove_prefix(used);
      if (result.failure) return result;
      auto complete = parser.take();
      require(complete || slice.empty(), "an incomplete reply consumes all of the input");
      if (complete) result.replies.push_back(std::move(*complete));
    }
  }
  return result;
}

/// Compares doubles by their bits, so that NaN equals itself.
bool equal(const redis::reply& a, const redis::reply& b) {
  if (a.type != b.type || a.text != b.text || a.number != b.number || a.items.size() != b.items.size()) return false;
  if (std::bit_cast<std::uint64_t>(a.real) != std::bit_cast<std::uint64_t>(b.real)) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!equal(a.items[i], b.items[i])) return false;
  }
  return true;
}

struct totals {
  std::size_t value_count = 0;
  std::size_t byte_count = 0;
};

void check(const redis::reply& value, std::size_t depth, totals& sum) {
  using kind = redis::reply::kind;
  require(++sum.value_count <= limits.max_values, "the number of values is limited");
  sum.byte_count += value.text.size();
  require(sum.byte_count <= limits.max_bytes, "the size is limited");
  require(value.items.empty() || depth < limits.max_depth, "the depth is limited");
  require(value.type != kind::push || depth == 0, "a push is not inside another value");
  require(value.type != kind::map || value.items.size() % 2 == 0, "a map has pairs");
  for (const auto& item : value.items) check(item, depth + 1, sum);
  // Typed access must not throw exceptions of other types.
  static_cast<void>(value.as_integer().has_value() || value.as_double().has_value() || value.as_bool().has_value());
  static_cast<void>(value.as_strings().has_value() || value.find("key") != nullptr);
}

void run(std::string_view input) {
  const auto unsliced_result = parse({input});
  const auto sliced_result = parse(random_slices(input, hash(input)));
  require(unsliced_result.failure.has_value() == sliced_result.failure.has_value(),
          "validity does not depend on the segmentation of the bytes");
  require(unsliced_result.replies.size() == sliced_result.replies.size(),
          "the replies do not depend on the segmentation of the bytes");
  for (std::size_t i = 0; i < unsliced_result.replies.size(); ++i) {
    require(equal(unsliced_result.replies[i], sliced_result.replies[i]),
            "a reply does not depend on the segmentation of the bytes");
    totals sum;
    check(unsliced_result.replies[i], 0, sum);
  }
}

const registration fuzz_registration{{"redis_reply", run}};

}  // namespace
}  // namespace cohort::fuzz::redis_reply_target
