// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <cohort/http/client/client_request.hpp>
#include <cohort/http/client/client_response.hpp>

namespace cohort::http {

/// The next step of a call whose response may be a redirect. Both members are empty if the response is final.
struct redirect {
  /// The request to send to the new location.
  std::optional<client_request> request;
  /// The reason why the redirect cannot be followed; ends the call.
  std::optional<client_error> error;
};

/// Follows 301, 302, 303, 307 and 308 for GET and HEAD, up to `request.max_redirects` (RFC 9110 section 15.4). The
/// location is resolved against the request's URL (RFC 3986 section 5). Characters that are not permitted in a URL,
/// such as spaces and UTF-8, are percent-encoded first, as in curl and browsers. A request to another origin keeps
/// `Accept` and `User-Agent` only, without trace. Redirects from https to http are an error. `redirect_count` is the
/// number of redirects that the call has followed so far.
redirect resolve_redirect(const client_request& request, const client_result& response, unsigned redirect_count);

}  // namespace cohort::http
