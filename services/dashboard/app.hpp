// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>
#include "services/dashboard/aggregator.hpp"
#include "services/dashboard/session.hpp"

namespace cohort::dashboard {

/// Routes: the page at `/` and the runbook at `/runbook`; `/api/aggregate`, `/api/time-proxy`, `/api/events`,
/// `/api/requests`;
/// `/api/alerts`, to which Alertmanager's webhook posts; `/session` and `/session/renewal`
/// (`add_session_routes`). A session is accepted in place of the key.
http::router app(service::service_context context, service::api_key_authenticator& authenticator,
                 const aggregator_settings& settings, session_cookies sessions);

service::definition definition();

}  // namespace cohort::dashboard
