// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/routing/route.hpp>

// The descriptions of the dashboard's operations, for `/openapi.json`.
namespace cohort::dashboard {

void describe_aggregate(http::operation& operation);
void describe_time_proxy(http::operation& operation);
void describe_events(http::operation& operation);
void describe_requests(http::operation& operation);
void describe_history(http::operation& operation);
void describe_alerts(http::operation& operation);
/// `description` describes the response to a webhook.
void describe_alert_update(http::operation& operation, http::response_description description);
void describe_sign_in(http::operation& operation);
void describe_renewal(http::operation& operation);
void describe_sign_out(http::operation& operation);

}  // namespace cohort::dashboard
