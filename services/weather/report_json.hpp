// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/message/response.hpp>
#include "services/weather/report_cache.hpp"

namespace cohort::weather {

/// The response of `GET /api/weather`: 200 with the report; otherwise 404 for a location that is unknown to all
/// providers, or 503 with `Retry-After`.
http::response report_response(const report_cache::lookup_result& result, const location& location);

/// The body of `report_response` for a new report.
std::string new_report_json(const weather_report& report);

}  // namespace cohort::weather
