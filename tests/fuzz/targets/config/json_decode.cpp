// SPDX-License-Identifier: BSL-1.0
// Fuzzes the decoding of JSON into described types.
#include <cohort/json/decode.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"
#include "tests/unit/json/described_types.hpp"

namespace cohort::fuzz::json_decode_target {
namespace {

/// Numbers without limits, and lists whose items are limited.
struct numbers {
  std::uint64_t large = 0;
  std::int8_t small = 0;
  std::optional<double> real;
  std::vector<std::string> names;
};
BOOST_DESCRIBE_STRUCT(numbers, (), (large, small, real, names))
constexpr auto constraints(json::type<numbers>) {
  return json::constrain(
      json::member(&numbers::small, {.fallback = std::int8_t{1}}),
      json::member(&numbers::names, {.unique = true, .items = {.max_length = 2}, .required = false}));
}

template <class T>
void check(std::string_view input, const json::decode_options& options) {
  const auto decoded = json::decode<T>(input, options);
  if (!decoded) {
    const auto& errors = decoded.error();
    require(!errors.list.empty() && errors.list.size() <= options.max_errors, "the number of errors is limited");
    require(!errors.text().empty() && simdjson::validate_utf8(errors.text()), "the text of all errors is UTF-8");
    for (const auto& error : errors.list) {
      require(!error.reason.empty() && error.reason.size() < 512, "the length of a reason is limited");
      require(simdjson::validate_utf8(error.field) && simdjson::validate_utf8(error.reason), "an error is valid UTF-8");
    }
    return;
  }
  const auto text = json::encode(*decoded);
  const auto again = json::decode<T>(text, options);
  require(again.has_value() && json::encode(*again) == text, "a value is the same after encoding and decoding");
}

void check_order(std::string_view input) {
  const auto order = json::decode<test::shop::order>(input);
  if (!order) return;
  require(!order->items.empty() && order->items.size() <= 3 && order->labels.size() <= 2, "sizes are in range");
  require(order->discount >= 0 && order->discount <= 0.5 && order->timeout <= std::chrono::seconds{60},
          "numbers are in range");
  for (const auto& item : order->items) require(item.quantity >= 1 && item.quantity <= 100, "a quantity is in range");
}

void run(std::string_view input) {
  check_order(input);
  check<test::shop::order>(input, {.max_errors = 4});
  check<test::shop::order>(input, {.unknown_members = json::unknown_member_policy::ignore});
  check<test::shop::tree>(input, {.max_depth = 8});
  check<numbers>(input, {.max_errors = 2, .max_bytes = 256});
}

const registration fuzz_registration{{"json_decode", run}};

}  // namespace
}  // namespace cohort::fuzz::json_decode_target
