// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

#include <cohort/http/message/request/request_head.hpp>
#include <cohort/http/message/response.hpp>

namespace cohort::http {

/// The value of the first cookie with this name in any `Cookie` field (RFC 6265bis section 5.8.3), without the double
/// quotes around it; names are case-sensitive. Pairs whose value has characters other than `cookie-octet`s (section
/// 4.1.1) are ignored.
std::optional<std::string_view> cookie_value(const request_head& head, std::string_view name) noexcept;

/// The cross-site requests with which a browser sends a cookie (RFC 6265bis section 5.6.7).
enum class same_site { strict, lax, none };

/// A `Set-Cookie` field (RFC 6265bis section 4.1). The defaults are the safe values; an http origin other than
/// localhost needs `secure = false`.
struct set_cookie {
  std::string name;
  std::string value;
  /// If it is empty, the cookie applies to the directory of the request's path.
  std::string path = "/";
  /// If it is empty, the cookie is sent only to the host that sent the response, not to its subdomains.
  std::string domain{};
  /// If it is empty, the cookie is a session cookie, which the browser deletes when it exits. Zero removes the cookie.
  std::optional<std::chrono::seconds> max_age{};
  bool http_only = true;
  http::same_site same_site = http::same_site::lax;
  bool secure = true;

  /// Returns the value of the field, or the reason why the cookie is invalid:
  /// - The name is not a token, or the cookie has characters that are not allowed.
  /// - `SameSite=None`, `__Secure-` or `__Host-` is used without `Secure`.
  /// - `__Host-` is used with a domain, or with a path other than `/`.
  /// - Name and value have more than 4096 bytes, or an attribute has more than 1024 bytes.
  boost::system::result<std::string, std::string> field_value() const;
};

/// Adds the `Set-Cookie` field. Throws `std::invalid_argument` if the cookie is invalid. If the value comes from a
/// client, check `field_value` first.
response& add_cookie(response& to, const set_cookie& cookie);

}  // namespace cohort::http
