// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/redirect.hpp>

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

/// The URL of a `Location` field; empty if it is malformed or cannot be called.
std::optional<boost::urls::url> resolve_location(const boost::urls::url& base, std::string_view location) {
  const auto text = encode_invalid_characters(location);
  const auto reference = boost::urls::parse_uri_reference(text);
  boost::urls::url target;
  if (!reference || !boost::urls::resolve(base, *reference, target)) return std::nullopt;
  const bool is_downgrade =
      base.scheme_id() == boost::urls::scheme::https && target.scheme_id() == boost::urls::scheme::http;
  if (is_downgrade || !origin_of(target)) return std::nullopt;
  return target;
}

}  // namespace

redirect resolve_redirect(const client_request& request, const client_result& response, unsigned followed) {
  if (!response || request.max_redirects == 0 || !is_redirect(response->status)) return {};
  const auto location = response->find("location");
  if (!location || (request.method != method::get && request.method != method::head)) return {};
  if (followed == request.max_redirects) return {std::nullopt, client_error::too_many_redirects};
  auto target = resolve_location(request.url, *location);
  if (!target) return {std::nullopt, client_error::invalid_request};
  auto next = request;
  if (origin_of(*target) != origin_of(request.url)) {
    // Credentials and the trace are sent only to the origin that they were given for.
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
