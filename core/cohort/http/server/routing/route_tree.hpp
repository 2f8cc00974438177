// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/http/server/routing/route_pattern.hpp>

namespace cohort::http {

class route;
struct group_state;

/// The names and decoded values of the parameters of a path.
using path_parameters = std::vector<std::pair<std::string_view, std::string>>;

/// Finds the route that matches a path: a tree of path segments. In each segment, from left to right, a literal text
/// has precedence over a parameter, a parameter over `{rest...}`, and among parameters `uuid` over `uint`, `int` and
/// text. A lookup visits each node at most once: its cost depends only on the length of the path.
class route_tree {
 public:
  /// The slot of the route with this pattern; its value is null until it is assigned. Patterns that match the same
  /// paths share a slot.
  route*& slot(const route_pattern& pattern);
  /// Assigns `group` to the paths below `prefix`, unless they have a group.
  void add_group(const route_pattern& prefix, const group_state& group);

  /// The route that matches `path`, which may be percent-encoded; null if there is none. Sets the parameters.
  const route* find(std::string_view path, path_parameters& parameters) const;
  /// The group with the longest prefix of `path`; null if there is none.
  const group_state* find_group(std::string_view path) const;

 private:
  struct node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> literals;
    /// The children for parameters, in the order of `parameter_type`.
    std::map<parameter_type, std::unique_ptr<node>> parameters;
    route* end = nullptr;
    /// The route that ends with `{rest...}` here.
    route* rest = nullptr;
    const group_state* group = nullptr;
  };
  struct search;
  node& find_or_add_node(const route_pattern& pattern);

  node root_;
};

}  // namespace cohort::http
