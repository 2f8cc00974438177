// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <cohort/http/server/routing/route.hpp>
#include <cohort/http/server/routing/route_tree.hpp>

namespace cohort::http {

/// A group of routes: its prefix and its middleware.
struct group_state {
  /// The full prefix, including the prefixes of the enclosing groups; empty for the router.
  std::string prefix;
  /// The enclosing group; null for the router.
  group_state* parent = nullptr;
  step_list own_steps;
  /// The steps of the enclosing groups, followed by its own.
  pipeline steps;
};

/// The routes and groups of a router, at a fixed address. See `router`.
class routing_table {
 public:
  routing_table();

  /// Conflicts and invalid patterns throw `std::logic_error`, with the source locations of both registrations. `verb`
  /// is `unknown` for any method.
  operation& add(group_state& group, method verb, const std::string& pattern, handler function,
                 std::source_location location);
  group_state& add_group(group_state& parent, const std::string& prefix);
  /// Moves all routes and groups of `other` below `prefix` of a group.
  void mount(group_state& group, const std::string& prefix, routing_table other);
  /// Recomputes all pipelines, after a change of a group's steps.
  void resolve_pipelines();

  group_state& root() noexcept { return *groups_.front(); }
  const std::vector<std::unique_ptr<route>>& routes() const noexcept { return routes_; }
  const route* find(std::string_view path, path_parameters& parameters) const;
  /// The pipeline of requests to a path without a route.
  const pipeline& pipeline_without_route(std::string_view path) const;

 private:
  operation& insert(const std::string& pattern, std::unique_ptr<operation> new_operation);
  route& route_for(route_pattern pattern, const operation& new_operation);

  std::vector<std::unique_ptr<route>> routes_;
  std::vector<std::unique_ptr<group_state>> groups_;
  route_tree tree_;
  /// The keys are the patterns of the routes.
  std::unordered_map<std::string_view, const route*> literal_routes_;
};

}  // namespace cohort::http
