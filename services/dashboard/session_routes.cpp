// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/session_routes.hpp"

#include <cohort/http/message/uncached.hpp>
#include <cohort/runtime/loop.hpp>

#include "services/dashboard/api_schema.hpp"
#include "services/dashboard/same_origin.hpp"

namespace cohort::dashboard {
namespace {

struct session_routes {
  std::shared_ptr<session_cookies> sessions;
  const service::api_key_authenticator& authenticator;
  std::function<void()> on_revocation;

  static http::response no_content(std::string set_cookie) {
    http::response response{http::status::no_content};
    response.set("Set-Cookie", std::move(set_cookie));
    return http::uncached(std::move(response));
  }
  static http::response cross_origin_response() {
    return http::error_response(http::status::forbidden, "Sessions cannot be changed by pages of another origin");
  }

  /// This route requires the key, because a session cannot start another session.
  http::response sign_in(const http::request_context& context) const {
    if (auto rejection = authenticator.authenticate_key(context, "/session")) return std::move(*rejection);
    const auto* key = authenticator.find_valid_key(context);
    if (!key) return http::response{http::status::no_content};
    return no_content(sessions->issue(*key, loop::current().wall_now(), context.is_secure()));
  }

  http::response renew(const http::request_context& context) const {
    if (is_cross_origin(context.head())) return cross_origin_response();
    if (!authenticator.is_enabled()) return http::json_response(R"({"session":"not required"})");
    const auto now = loop::current().wall_now();
    const auto current = sessions->find(context, now);
    if (!current) return http::error_response(http::status::unauthorized, "Unauthorized", "No valid session");
    return no_content(sessions->renew(*current, now, context.is_secure()));
  }

  http::response sign_out(const http::request_context& context) const {
    if (is_cross_origin(context.head())) return cross_origin_response();
    const auto now = loop::current().wall_now();
    if (const auto current = sessions->find(context, now)) {
      sessions->revoke(*current, now);
      on_revocation();
    }
    return no_content(session_cookies::removal());
  }
};

}  // namespace

void add_session_routes(http::router& router, std::shared_ptr<session_cookies> sessions,
                        const service::api_key_authenticator& authenticator, std::function<void()> on_revocation) {
  auto routes = std::make_shared<const session_routes>(
      session_routes{std::move(sessions), authenticator, std::move(on_revocation)});
  describe_sign_in(
      router.post("/session", [routes](http::request_context& context) { return routes->sign_in(context); }));
  describe_renewal(
      router.post("/session/renewal", [routes](http::request_context& context) { return routes->renew(context); }));
  describe_sign_out(
      router.del("/session", [routes](http::request_context& context) { return routes->sign_out(context); }));
}

}  // namespace cohort::dashboard
