// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort::http {

/// Whether `text` is an absolute `http` or `https` URL with a host (RFC 9110 section 4.2), such as a link that users
/// enter. The URL may have a query and a fragment, but no user information, which RFC 9110 section 4.2.4 deprecates.
/// The function can be used as a constraint: `{.check = http::is_http_url, .expected = "an http or https URL"}`.
bool is_http_url(std::string_view text);

}  // namespace cohort::http
