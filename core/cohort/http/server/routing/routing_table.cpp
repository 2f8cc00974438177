// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/routing/routing_table.hpp>

#include <stdexcept>
#include <utility>

namespace cohort::http {
namespace {

/// Describes an operation for error messages, such as `GET /things/{id} (app.cpp:31)`.
std::string description(const std::string& pattern, const operation& operation) {
  return std::string{operation.method_name()} + " " + pattern + " (" + operation.location() + ")";
}

/// Throws unless `prefix` is empty, or a pattern without `{name...}` and without a `/` at its end.
void check_prefix(const std::string& prefix) {
  if (prefix.empty()) return;
  const route_pattern pattern{prefix};
  const auto& last = pattern.segments().back();
  if (last.segment_kind == pattern_segment::kind::rest || last.text.empty()) {
    throw std::invalid_argument{"group prefix \"" + prefix + "\" must not end with '/' or {name...}"};
  }
}

}  // namespace

routing_table::routing_table() { groups_.push_back(std::make_unique<group_state>()); }

operation& routing_table::add(group_state& group, method verb, const std::string& pattern, handler function,
                              std::source_location location) {
  const bool is_empty = std::visit([](const auto& candidate) { return !candidate; }, function);
  auto new_operation = std::make_unique<operation>(verb, std::move(function), group, location);
  const auto location_text = new_operation->location();
  try {
    if (is_empty) throw std::invalid_argument{"the handler of \"" + pattern + "\" is null"};
    // The pattern is validated before the prefix is added.
    static_cast<void>(route_pattern{pattern});
    return insert(group.prefix + pattern, std::move(new_operation));
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument{location_text + ": " + error.what()};
  }
}

operation& routing_table::insert(const std::string& pattern, std::unique_ptr<operation> new_operation) {
  auto& target = route_for(route_pattern{pattern}, *new_operation);
  for (const auto& existing : target.operations_) {
    if (existing->verb() != new_operation->verb()) continue;
    throw std::logic_error{"duplicate route: " + description(pattern, *existing) + " and " +
                           description(pattern, *new_operation)};
  }
  new_operation->resolve_pipeline();
  return *target.operations_.emplace_back(std::move(new_operation));
}

/// The route with this pattern, or a new route.
route& routing_table::route_for(route_pattern pattern, const operation& new_operation) {
  auto*& slot = tree_.slot(pattern);
  if (!slot) {
    slot = routes_.emplace_back(std::make_unique<route>(std::move(pattern), routes_.size())).get();
    if (slot->path_pattern().is_literal()) literal_routes_.emplace(slot->pattern, slot);
  } else if (slot->pattern != pattern.text()) {
    throw std::logic_error{"conflicting routes: " + description(slot->pattern, *slot->operations_.front()) + " and " +
                           description(pattern.text(), new_operation) +
                           " match the same paths; use the same parameter names"};
  }
  return *slot;
}

group_state& routing_table::add_group(group_state& parent, const std::string& prefix) {
  check_prefix(prefix);
  auto& new_group = *groups_.emplace_back(std::make_unique<group_state>());
  new_group.prefix = parent.prefix + prefix;
  new_group.parent = &parent;
  new_group.steps = parent.steps;
  if (!new_group.prefix.empty()) tree_.add_group(route_pattern{new_group.prefix}, new_group);
  return new_group;
}

void routing_table::mount(group_state& group, const std::string& prefix, routing_table other) {
  auto& mounted_group = add_group(group, prefix);
  mounted_group.own_steps = std::move(other.root().own_steps);
  for (std::size_t i = 1; i < other.groups_.size(); ++i) {
    auto& moved = *groups_.emplace_back(std::move(other.groups_[i]));
    if (moved.parent == other.groups_.front().get()) moved.parent = &mounted_group;
    moved.prefix.insert(0, mounted_group.prefix);
    if (!moved.prefix.empty()) tree_.add_group(route_pattern{moved.prefix}, moved);
  }
  for (const auto& moved : other.routes_) {
    for (auto& entry : moved->operations_) {
      if (entry->group_ == other.groups_.front().get()) entry->group_ = &mounted_group;
      insert(mounted_group.prefix + moved->pattern, std::move(entry));
    }
  }
  resolve_pipelines();
}

void routing_table::resolve_pipelines() {
  // A group always follows its parent in the list.
  for (const auto& group : groups_) {
    group->steps = group->parent ? group->parent->steps : pipeline{};
    group->steps.append(group->own_steps);
  }
  for (const auto& route : routes_) {
    for (const auto& entry : route->operations_) entry->resolve_pipeline();
  }
}

const route* routing_table::find(std::string_view path, path_parameters& parameters) const {
  if (const auto found = literal_routes_.find(path); found != literal_routes_.end()) return found->second;
  return path.starts_with('/') ? tree_.find(path, parameters) : nullptr;
}

const pipeline& routing_table::pipeline_without_route(std::string_view path) const {
  const auto* group = path.starts_with('/') ? tree_.find_group(path) : nullptr;
  return group ? group->steps : groups_.front()->steps;
}

}  // namespace cohort::http
