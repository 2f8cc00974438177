// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/routing/route.hpp>
#include "services/weather/providers/provider_chain.hpp"

namespace cohort::weather {

/// The response of `GET /api/weather/providers`.
http::response providers_response(std::vector<provider_status> providers);

/// Describes that route.
void describe_providers(http::operation& operation);

}  // namespace cohort::weather
