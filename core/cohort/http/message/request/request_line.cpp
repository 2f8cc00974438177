// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/request_line.hpp>

#include <algorithm>

#include <cohort/http/message/field.hpp>
#include <cohort/http/message/request/target.hpp>

namespace cohort::http {

request_line read_request_line(std::string_view bytes) noexcept {
  request_line parts;
  const auto line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const auto method = line.substr(0, line.find(' '));
  if (!is_token(method)) return parts;
  parts.method = method;
  if (method.size() == line.size()) return parts;
  const auto remaining = line.substr(method.size() + 1);
  const auto target = remaining.substr(0, remaining.find(' '));
  if (const auto split = split_target(target)) {
    parts.path = split->path;
    return parts;
  }
  // The authority of an invalid absolute-form or authority-form may contain a password.
  const auto scheme_end = target.starts_with('/') ? std::string_view::npos : target.find("://");
  const auto path = scheme_end == std::string_view::npos ? 0 : target.find('/', scheme_end + 3);
  if (path == std::string_view::npos) return parts;
  parts.path = target.substr(path, target.find_first_of("?#", path) - path);
  if (!parts.path.starts_with('/') && parts.path.find('@') != std::string_view::npos) parts.path = {};
  return parts;
}

bool may_become_request(std::string_view bytes) noexcept {
  if (bytes == "\r") return true;  // the start of an empty line, which is ignored (RFC 9112 section 2.2)
  const auto line = bytes.substr(0, bytes.find('\r'));
  const auto method = line.substr(0, line.find(' '));
  if (!method.empty() ? !is_token(method) : !line.empty()) return false;
  if (line.size() == bytes.size()) return true;
  constexpr std::string_view version_pattern = " HTTP/d.d";
  if (line.size() <= method.size() + version_pattern.size()) return false;
  return line.substr(line.size() - version_pattern.size()).starts_with(" HTTP/");
}

}  // namespace cohort::http
