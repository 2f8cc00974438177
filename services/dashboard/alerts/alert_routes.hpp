// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <cohort/service/service.hpp>
#include "services/dashboard/alerts/alert_store.hpp"

namespace cohort::dashboard {

/// Adds `GET /api/alerts` and `POST /api/alerts`, Alertmanager's webhook. `POST` requires the API key itself, not a
/// session, and rejects requests of web pages. `authenticator` must outlive the router.
void add_alert_routes(http::router& router, std::shared_ptr<alert_store> store,
                      const service::api_key_authenticator& authenticator, telemetry::logger log);

}  // namespace cohort::dashboard
