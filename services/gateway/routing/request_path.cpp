// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/request_path.hpp"

#include <cohort/http/message/request/dot_segment.hpp>
#include <cohort/http/message/request/target.hpp>

namespace cohort::gateway {
namespace {

/// Whether a path contains text that `matching_path` decodes, merges or rejects.
bool is_plain(std::string_view path) noexcept {
  char previous = 0;
  for (const char c : path) {
    if (c == '%' || c == '\\' || (previous == '/' && (c == '/' || c == '.'))) return false;
    previous = c;
  }
  return true;
}

}  // namespace

std::optional<std::string_view> matching_path(std::string_view path, std::string& storage) {
  if (is_plain(path)) return path;
  const auto encoded_slash = [](std::string_view text, std::string_view lower, std::string_view upper) {
    return text.find(lower) != std::string_view::npos || text.find(upper) != std::string_view::npos;
  };
  if (encoded_slash(path, "%2f", "%2F") || http::has_dot_segment(path)) return std::nullopt;
  const auto decoded = http::percent_decode(path);
  if (!decoded) return std::nullopt;
  storage.clear();
  for (const char c : *decoded) {
    if (c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    if (c != '/' || !storage.ends_with('/')) storage += c;
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
