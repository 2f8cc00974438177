// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::config {

/// Parses an absolute http or https URL without user information, query and fragment: `http://host[:port][/path]`.
///
/// A Unix domain socket has nginx's syntax, `unix:/run/app.sock` or `http://unix:/run/app.sock[:/path]`, and becomes a
/// URL whose host is its percent-encoded path: `http://%2Frun%2Fapp.sock/path`, which is also accepted. The path of the
/// socket is absolute, has at most 107 bytes and no colon; https is not supported.
std::optional<boost::urls::url> parse_http_url(std::string_view text);

}  // namespace cohort::config
