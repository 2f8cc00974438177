// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cohort::gateway {

/// The caller that a route has authenticated: `context.get<caller_identity>()`.
struct caller_identity {
  /// The caller, such as `key:billing` or `sub:alice`; empty if the token has no subject.
  std::string name;
  /// Fields of the forwarded request with their values, from the claims of the token.
  std::vector<std::pair<std::string, std::string>> fields;
};

}  // namespace cohort::gateway
