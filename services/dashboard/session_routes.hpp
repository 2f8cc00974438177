// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>

#include <cohort/service/authentication/api_key_authenticator.hpp>
#include "services/dashboard/session.hpp"

namespace cohort::dashboard {

/// Adds the routes of sessions. `POST /session` starts a session in exchange for an API key. `POST /session/renewal`
/// renews the cookie of a session before it expires (200 if there is no API key, because sessions are then not
/// required). `DELETE /session` ends the session of the cookie on this replica, removes the cookie, and calls
/// `on_revocation`. Renewal and deletion respond with 403 to web pages of other origins. `authenticator` must outlive
/// the router.
void add_session_routes(http::router& router, std::shared_ptr<session_cookies> sessions,
                        const service::api_key_authenticator& authenticator, std::function<void()> on_revocation);

}  // namespace cohort::dashboard
