// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cohort/json/description/constraints.hpp>

// Types for the tests of `decode`, `encode` and `schema`.
namespace cohort::test::shop {

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct item {
  std::string name;
  int quantity = 0;
  color paint = color::red;
  std::optional<std::string> note;

  friend bool operator==(const item&, const item&) = default;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, quantity, paint, note))
constexpr auto constraints(json::type<item>) {
  return json::constrain(json::member(&item::name, {.min_length = 1, .max_length = 5, .description = "As printed"}),
                         json::member(&item::quantity, {.min = 1, .max = 100, .fallback = 1}),
                         json::member(&item::paint, {.name = "color"}));
}

struct order {
  std::int64_t id = 0;
  std::vector<item> items;
  std::map<std::string, std::string> labels;
  double discount = 0;
  bool urgent = false;
  std::chrono::seconds timeout{};
  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> due;

  friend bool operator==(const order&, const order&) = default;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, items, labels, discount, urgent, timeout, due))
constexpr auto constraints(json::type<order>) {
  return json::constrain(
      json::member(&order::items, {.min_items = 1, .max_items = 3, .unique = true}),
      json::member(&order::labels,
                   {.max_items = 2, .values = {.max_length = 3}, .max_key_length = 4, .required = false}),
      json::member(&order::discount, {.min = 0, .max = 0.5, .fallback = 0}),
      json::member(&order::urgent, {.fallback = false}),
      json::member(&order::timeout, {.max = std::chrono::seconds{60}, .fallback = std::chrono::seconds{5}}));
}

/// A type that contains itself.
struct tree {
  std::vector<tree> children;
};
BOOST_DESCRIBE_STRUCT(tree, (), (children))

}  // namespace cohort::test::shop
