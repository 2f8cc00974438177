// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "services/gateway/routing/route_table.hpp"

namespace cohort::gateway {

/// Merges the OpenAPI documents (3.0 and 3.1) of upstreams into one document of the gateway: the operations that its
/// routes forward, with their paths at the gateway. The names of components and operation IDs are prefixed with the
/// name of their upstream, so that they cannot collide.
class document_merger {
 public:
  /// `routes` must outlive this object.
  explicit document_merger(const route_table& routes) : routes_(routes) {}

  /// Adds the document of an upstream. Returns false if it is not an OpenAPI document.
  bool add(const std::string& upstream, std::string_view document);
  /// The merged document. `unavailable` is the list of upstreams whose documents are missing or outdated, for
  /// `x-unavailable-upstreams`.
  std::string text(std::string_view version, const std::set<std::string>& unavailable) const;

 private:
  /// Returns the path at the gateway for a path of an upstream; empty if no route forwards to it.
  std::string gateway_path(const std::string& upstream, std::string_view path, const gateway_route*& route) const;

  const route_table& routes_;
  bool has_version_3_1_ = false;
  /// Path items by path. A path item maps the names of its members to their JSON.
  std::map<std::string, std::map<std::string, std::string>> paths_;
  /// The JSON of components, by kind and name.
  std::map<std::string, std::map<std::string, std::string>> components_;
};

}  // namespace cohort::gateway
