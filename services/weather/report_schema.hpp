// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/routing/route.hpp>

namespace cohort::weather {

/// Describes what `GET /api/weather` reads, and the responses of `report_response`.
void describe_report(http::operation& described);

}  // namespace cohort::weather
