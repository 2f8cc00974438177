#pragma once

#include "core/service/service.hpp"
#include "services/dashboard/aggregator.hpp"
#include "services/dashboard/session.hpp"

namespace cohort::dashboard {

/// The page at `/` and the runbook at `/runbook`; `/api/aggregate`, `/api/time-proxy`, `/api/events`; `/api/alerts`,
/// which Alertmanager's webhook fills; and `/session` to sign in with the API key.
http::router app(service::kit with, service::key_guard& guard, const addresses& where, session_cookies sessions);

service::definition definition();

}  // namespace cohort::dashboard
