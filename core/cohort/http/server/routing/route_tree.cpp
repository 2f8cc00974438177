// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/routing/route_tree.hpp>

#include <optional>

#include <cohort/http/message/request/target.hpp>
#include <cohort/http/server/routing/route.hpp>
#include <cohort/http/server/routing/routing_table.hpp>
#include <cohort/runtime/memory/recycling_allocator.hpp>

namespace cohort::http {
namespace {

/// Decodes a segment, into `storage` only if necessary. Returns an empty result if the encoding is malformed.
std::optional<std::string_view> decode(std::string_view encoded, std::string& storage) {
  if (encoded.find('%') == std::string_view::npos) return encoded;
  auto decoded = percent_decode(encoded);
  if (!decoded) return std::nullopt;
  storage = std::move(*decoded);
  return storage;
}

}  // namespace

/// The state of one lookup. `values` are the parameter values on the path to the current node.
struct route_tree::search {
  recycled_vector<std::string> values;
  const group_state* group = nullptr;

  /// `path` starts with `/` or is empty.
  const route* find(const node& current, std::string_view path) {
    if (current.group && (!group || current.group->prefix.size() > group->prefix.size())) group = current.group;
    if (path.empty()) return current.end;
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    const auto remaining = path.substr(segment.size());
    std::string storage;
    if (const auto decoded = decode(segment, storage)) {
      if (const auto child = current.literals.find(*decoded); child != current.literals.end()) {
        if (const auto* found = find(*child->second, remaining)) return found;
      }
      for (const auto& [type, child] : current.parameters) {
        if (!is_parameter_value(type, *decoded)) continue;
        values.emplace_back(*decoded);
        if (const auto* found = find(*child, remaining)) return found;
        values.pop_back();
      }
    }
    if (!current.rest) return nullptr;
    const auto decoded_rest = decode(path, storage);
    if (!decoded_rest) return nullptr;
    values.emplace_back(*decoded_rest);
    return current.rest;
  }
};

route_tree::node& route_tree::find_or_add_node(const route_pattern& pattern) {
  auto* current = &root_;
  for (const auto& segment : pattern.segments()) {
    if (segment.segment_kind == pattern_segment::kind::rest) break;
    auto& child = segment.segment_kind == pattern_segment::kind::literal ? current->literals[segment.text]
                                                                         : current->parameters[segment.type];
    if (!child) child = std::make_unique<node>();
    current = child.get();
  }
  return *current;
}

route*& route_tree::slot(const route_pattern& pattern) {
  auto& last = find_or_add_node(pattern);
  return pattern.segments().back().segment_kind == pattern_segment::kind::rest ? last.rest : last.end;
}

void route_tree::add_group(const route_pattern& prefix, const group_state& group) {
  auto& last = find_or_add_node(prefix);
  if (!last.group) last.group = &group;
}

const route* route_tree::find(std::string_view path, path_parameters& parameters) const {
  search lookup;
  const auto* found = lookup.find(root_, path);
  if (!found) return nullptr;
  const auto& names = found->path_pattern().parameter_names();
  for (std::size_t i = 0; i < names.size(); ++i) parameters.emplace_back(names[i], std::move(lookup.values[i]));
  return found;
}

const group_state* route_tree::find_group(std::string_view path) const {
  search lookup;
  lookup.find(root_, path);
  return lookup.group;
}

}  // namespace cohort::http
