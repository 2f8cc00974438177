// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/redirect.hpp>

#include <algorithm>
#include <boost/url/parse.hpp>

#include <cohort/http/client/protocol/url_encoding.hpp>

namespace cohort::http {
namespace {

bool is_redirect(status code) noexcept {
  switch (code) {
    case status::moved_permanently:
    case status::found:
    case status::see_other:
    case status::temporary_redirect:
    case status::permanent_redirect: return true;
    default: return false;
  }
}

/// Returns a path without its dot segments `.` and `..` (RFC 3986 section 5.2.4). Boost.URL 1.81 keeps a `..` that has
/// no segment to remove.
std::string remove_dot_segments(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const auto end = std::min(path.find('/', 1), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(end);
    const bool is_parent = segment == "/..";
    if (is_parent) result.resize(result.empty() ? 0 : result.rfind('/'));
    if (!is_parent && segment != "/.") {
      result.append(segment);
    } else if (path.empty()) {
      result += '/';
    }
  }
  return result;
}

/// Returns the URL of a `Location` field; empty if it is malformed, or the client does not support it.
std::optional<boost::urls::url> resolve_location(const boost::urls::url& base, std::string_view location) {
  const auto text = encode_invalid_characters(location);
  const auto reference = boost::urls::parse_uri_reference(text);
  boost::urls::url target;
  if (!reference || !boost::urls::resolve(base, *reference, target)) return std::nullopt;
  const bool is_downgrade =
      base.scheme_id() == boost::urls::scheme::https && target.scheme_id() == boost::urls::scheme::http;
  const auto target_origin = origin_of(target);
  if (is_downgrade || !target_origin) return std::nullopt;
  // A server must not be able to redirect the client to a Unix domain socket on the client's machine.
  if (target_origin->is_unix_socket() && target_origin != origin_of(base)) return std::nullopt;
  const std::string_view path = target.encoded_path();
  if (path.find("/.") == std::string_view::npos) return target;
  // `set_encoded_path` would add a segment `.` before a path that starts with two slashes.
  const std::string_view url = target.buffer();
  const auto path_begin = static_cast<std::size_t>(path.data() - url.data());
  std::string normalized{url.substr(0, path_begin)};
  normalized.append(remove_dot_segments(path)).append(url.substr(path_begin + path.size()));
  const auto parsed = boost::urls::parse_uri(normalized);
  return parsed ? std::optional{boost::urls::url{*parsed}} : std::nullopt;
}

}  // namespace

redirect resolve_redirect(const client_request& request, const client_result& response, unsigned redirect_count) {
  if (!response || request.max_redirects == 0 || !is_redirect(response->status)) return {};
  const auto location = response->find("location");
  if (!location || (request.method != method::get && request.method != method::head)) return {};
  if (redirect_count == request.max_redirects) return {std::nullopt, client_error::too_many_redirects};
  auto target = resolve_location(request.url, *location);
  if (!target) return {std::nullopt, client_error::invalid_request};
  auto next = request;
  if (origin_of(*target) != origin_of(request.url)) {
    // Credentials and the trace are sent only to the origin for which they were given.
    std::erase_if(next.fields, [](const auto& field) {
      return !iequals(field.first, "accept") && !iequals(field.first, "user-agent");
    });
    next.host.clear();
    next.trace = {};
    next.request_id = {};
  }
  next.url = std::move(*target);
  return {std::move(next), std::nullopt};
}

}  // namespace cohort::http
