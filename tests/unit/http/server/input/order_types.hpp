// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cohort/json/description/constraints.hpp>

// Described types for the tests of `input` and of typed handlers.
namespace cohort::test::input_types {

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct item {
  std::string name;
  int quantity = 0;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, quantity))
constexpr auto constraints(json::type<item>) {
  return json::constrain(json::member(&item::name, {.min_length = 1, .max_length = 5}),
                         json::member(&item::quantity, {.min = 1, .max = 100}));
}

struct order {
  std::vector<item> items;
};
BOOST_DESCRIBE_STRUCT(order, (), (items))

}  // namespace cohort::test::input_types
