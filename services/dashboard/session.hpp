// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <cohort/config/secret.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::dashboard {

/// Stateless sessions of browsers that have presented the API key: a cookie with its expiry time and an HMAC-SHA-256.
/// The HMAC key is derived from `DASHBOARD_SECRET_KEY` and the current API key, so a new API key invalidates all
/// sessions.
class session_cookies {
 public:
  /// If `secret` is empty, a random one is used: sessions end with the process. `api_key` must outlive this.
  session_cookies(std::string secret, const config::replaceable_secret& api_key);

  /// A `Set-Cookie` value with HttpOnly and SameSite=Strict, and with Secure if `secure`.
  std::string issue(wall_time now, bool secure) const;
  /// A `Set-Cookie` value that removes the cookie.
  static std::string removal();
  /// Whether the request has a cookie with a valid HMAC that has not expired.
  bool is_valid(const http::request_context& context, wall_time now) const;

  static constexpr std::chrono::seconds lifetime = std::chrono::hours{12};

 private:
  std::string sign(std::string_view text) const;

  std::string secret_;
  const config::replaceable_secret& api_key_;
};

}  // namespace cohort::dashboard
