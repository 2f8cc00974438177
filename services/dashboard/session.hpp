#pragma once

#include <string>
#include <string_view>

#include "core/http/router.hpp"
#include "core/runtime/clock.hpp"

namespace cohort::dashboard {

/// Sessions of people who have shown the API key once: a signed cookie that says until when, and nothing kept here.
/// Signed with `DASHBOARD_SECRET_KEY` and bound to the API key, so that a new key ends all sessions.
class session_cookies {
 public:
  /// An empty secret is replaced by a random one: sessions then end with the process.
  session_cookies(std::string secret, std::string_view api_key);

  /// A `Set-Cookie` value: HttpOnly, SameSite=Strict; `Secure` where the browser came by TLS.
  std::string issue(wall_time now, bool secure) const;
  /// A `Set-Cookie` value that ends the session.
  static std::string removal();
  /// Whether a request carries a session that was issued here and has not run out.
  bool is_valid(const http::request_context& context, wall_time now) const;

  static constexpr std::chrono::seconds lifetime = std::chrono::hours{12};

 private:
  std::string sign(std::string_view text) const;

  std::string key_;
};

}  // namespace cohort::dashboard
