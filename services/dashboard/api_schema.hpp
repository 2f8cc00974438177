// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/routing/route.hpp>

// The descriptions of the dashboard's operations, for `/openapi.json`.
namespace cohort::dashboard {

void describe_aggregate(http::operation& described);
void describe_time_proxy(http::operation& described);
void describe_events(http::operation& described);
void describe_requests(http::operation& described);
void describe_alerts(http::operation& described);
/// `accepted` is the response to a webhook.
void describe_alert_update(http::operation& described, http::response_description accepted);
void describe_sign_in(http::operation& described);
void describe_renewal(http::operation& described);
void describe_sign_out(http::operation& described);

}  // namespace cohort::dashboard
