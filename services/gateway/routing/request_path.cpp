// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/request_path.hpp"

#include <algorithm>

#include <cohort/http/message/request/target.hpp>

namespace cohort::gateway {
namespace {

/// Whether a path can need more than a comparison: all that `matching_path` decodes, merges or rejects.
bool is_plain(std::string_view path) noexcept {
  char previous = 0;
  for (const char c : path) {
    if (c == '%' || c == '\\' || (previous == '/' && (c == '/' || c == '.'))) return false;
    previous = c;
  }
  return true;
}

bool is_dot_segment(std::string_view segment) noexcept {
  segment = segment.substr(0, segment.find(';'));
  return segment == "." || segment == "..";
}

}  // namespace

std::optional<std::string_view> matching_path(std::string_view path, std::string& storage) {
  if (is_plain(path)) return path;
  const auto encoded_slash = [](std::string_view text, std::string_view lower, std::string_view upper) {
    return text.find(lower) != std::string_view::npos || text.find(upper) != std::string_view::npos;
  };
  if (encoded_slash(path, "%2f", "%2F")) return std::nullopt;
  const auto decoded = http::percent_decode(path);
  if (!decoded) return std::nullopt;
  storage.clear();
  for (const char c : *decoded) {
    if (c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    if (c != '/' || !storage.ends_with('/')) storage += c;
  }
  for (std::string_view rest{storage}; !rest.empty();) {
    const auto end = std::min(rest.find('/'), rest.size());
    if (is_dot_segment(rest.substr(0, end))) return std::nullopt;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return storage;
}

bool is_below(std::string_view path, std::string_view prefix) noexcept {
  if (!path.starts_with(prefix)) return false;
  return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

std::string_view host_without_port(std::string_view host) noexcept {
  const auto bracket = host.find(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  host = host.substr(0, colon);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

}  // namespace cohort::gateway
