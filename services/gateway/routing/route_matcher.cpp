// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/route_matcher.hpp"

#include <algorithm>

#include "services/gateway/routing/request_path.hpp"

namespace cohort::gateway {
namespace {

bool matches_rule(const http::request_head& head, const header_rule& rule) noexcept {
  const bool has_match = std::any_of(head.fields.begin(), head.fields.end(), [&](const http::header_field& field) {
    if (!http::iequals(field.name, rule.name)) return false;
    if (rule.value) return field.value == *rule.value;
    return !rule.prefix || field.value.starts_with(*rule.prefix);
  });
  return has_match != rule.negate;
}

bool matches_pattern(std::string_view host, std::string_view pattern) noexcept {
  if (!pattern.starts_with("*.")) return http::iequals(host, pattern);
  const auto suffix = pattern.substr(1);
  return host.size() > suffix.size() && http::iequals(host.substr(host.size() - suffix.size()), suffix);
}

}  // namespace

route_matcher::route_matcher(const match_entry& entry)
    : path_(entry.path.exact ? *entry.path.exact : *entry.path.prefix),
      is_exact_(entry.path.exact.has_value()),
      hosts_(entry.hosts),
      methods_(entry.methods),
      headers_(entry.headers) {
  for (auto& host : hosts_) {
    if (host.ends_with('.')) host.pop_back();
  }
}

bool route_matcher::matches_path(std::string_view path) const noexcept {
  return is_exact_ ? path == path_ : is_below(path, path_);
}

bool route_matcher::matches_method(const http::request_head& head) const noexcept {
  if (methods_.empty()) return true;
  const auto is_listed = [this](std::string_view name) {
    return std::find(methods_.begin(), methods_.end(), name) != methods_.end();
  };
  return is_listed(head.method_text) || (head.method == http::method::head && is_listed("GET"));
}

bool route_matcher::matches_host(std::string_view host) const noexcept {
  return hosts_.empty() || std::any_of(hosts_.begin(), hosts_.end(),
                                       [&](std::string_view pattern) { return matches_pattern(host, pattern); });
}

bool route_matcher::matches(const http::request_head& head, std::string_view path, std::string_view host) const {
  return matches_path(path) && matches_method(head) && matches_host(host) &&
         std::all_of(headers_.begin(), headers_.end(),
                     [&](const header_rule& rule) { return matches_rule(head, rule); });
}

}  // namespace cohort::gateway
