// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cohort/http/message/request/request_head.hpp>
#include "services/gateway/routes_file/routes_file.hpp"

namespace cohort::gateway {

/// Selects the requests of one route according to its `match` entry. Thread-safe.
class route_matcher {
 public:
  /// Precondition: `find_errors` has none.
  explicit route_matcher(const match_entry& entry);

  /// `path` is the request's `matching_path`, `host` its `host_without_port`.
  bool matches(const http::request_head& head, std::string_view path, std::string_view host) const;
  /// Whether the rule for the path alone matches.
  bool matches_path(std::string_view path) const noexcept;
  /// Whether the rules for methods, hosts and header fields match every request.
  bool is_path_only() const noexcept { return hosts_.empty() && methods_.empty() && headers_.empty(); }

 private:
  bool matches_method(const http::request_head& head) const noexcept;
  bool matches_host(std::string_view host) const noexcept;

  std::string path_;
  bool is_exact_;
  std::vector<std::string> hosts_;
  std::vector<std::string> methods_;
  std::vector<header_rule> headers_;
};

}  // namespace cohort::gateway
