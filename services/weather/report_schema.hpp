// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/routing/route.hpp>

namespace cohort::weather {

/// Describes the inputs of `GET /api/weather`, and the responses of `report_response`.
void describe_report(http::operation& operation);

}  // namespace cohort::weather
