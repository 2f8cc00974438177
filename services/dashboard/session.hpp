// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/config/api_keys.hpp>
#include <cohort/http/server/router.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::dashboard {

/// The content of a session cookie, which a browser receives in exchange for an API key.
struct session {
  /// A random ID that is the same in all cookies of a session.
  std::string id;
  std::string key_name;
  /// Start of the session, since the epoch; renewed cookies have the same start.
  std::chrono::seconds started{};
  /// Expiry time of the cookie, since the epoch.
  std::chrono::seconds expires{};
  /// The value of the cookie.
  std::string cookie;
};

/// Manages sessions in signed cookies. A cookie contains the name of the API key that the browser has presented, a
/// random ID, the start of the session and the expiry time of the cookie. The cookie is signed by HMAC-SHA-256 with a
/// key derived from `DASHBOARD_SECRET_KEY` and that API key. Therefore, removing or changing a key invalidates its
/// sessions. A revoked session ends on this replica immediately. On other replicas with the same secret, its cookie
/// expires within `cookie_lifetime`. Thread-safe.
class session_cookies {
 public:
  /// If `secret` is empty, a random secret is used: sessions end with the process. `keys` must outlive this object.
  session_cookies(std::string secret, const config::api_key_set& keys);
  session_cookies(session_cookies&&) noexcept;
  ~session_cookies();

  /// The name of the cookie.
  static constexpr const char* cookie_name = "cohort_session";

  /// A `Set-Cookie` value for a new session, with HttpOnly and SameSite=Strict, and with Secure if `secure`. Throws
  /// `std::runtime_error` if the system's random number generator fails.
  std::string issue(const config::api_key& key, wall_time now, bool secure) const;
  /// A `Set-Cookie` value that continues a session of `find`, until `max_lifetime` after its start.
  std::string renew(const session& current, wall_time now, bool secure) const;
  /// A `Set-Cookie` value that removes the cookie.
  static std::string removal();

  /// Returns the session of the request's cookie. Returns an empty result if there is no cookie, its HMAC or its key is
  /// invalid, it has expired, or the session has been revoked on this replica.
  std::optional<session> find(const http::request_context& context, wall_time now) const;
  /// Whether a session that `find` returned is still valid.
  bool is_active(const session& current, wall_time now) const { return parse(current.cookie, now).has_value(); }
  /// Ends a session that `find` returned, including cookies that other replicas renew.
  void revoke(const session& current, wall_time now);

  /// The lifetime of a cookie; the page renews it before the expiry.
  static constexpr std::chrono::seconds cookie_lifetime = std::chrono::minutes{15};
  /// The maximum lifetime of a session; after this time, the key must be entered again.
  static constexpr std::chrono::seconds max_lifetime = std::chrono::hours{12};

 private:
  class revocation_list;

  std::string make_cookie(const config::api_key& key, const session& content, wall_time now, bool secure) const;
  std::string sign(const config::api_key& key, std::string_view text) const;
  const config::api_key* find_key(std::string_view name) const;
  std::optional<session> parse(std::string_view cookie, wall_time now) const;

  std::string secret_;
  const config::api_key_set& keys_;
  std::unique_ptr<revocation_list> revocations_;
};

}  // namespace cohort::dashboard
