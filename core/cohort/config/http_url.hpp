// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cohort::config {

/// Parses an absolute http or https URL without user information, query or fragment: `http://host[:port][/path]`.
///
/// The syntax for a Unix domain socket is that of nginx: `unix:/run/app.sock` or `http://unix:/run/app.sock[:/path]`.
/// The result is a URL whose host is the percent-encoded path of the socket: `http://%2Frun%2Fapp.sock/path`, which is
/// also accepted. The path of the socket must be absolute, with at most 107 bytes and no colon; https is not supported.
std::optional<boost::urls::url> parse_http_url(std::string_view text);

/// Parses the port of a URL or an address, from 1 to 65535. Returns an empty optional for an invalid port, and for an
/// empty string, which means the default port (RFC 3986 section 3.2.3). `boost::urls::url_view::port_number` is not
/// used, because it wraps around at 65536.
std::optional<std::uint16_t> parse_port(std::string_view text) noexcept;

}  // namespace cohort::config
