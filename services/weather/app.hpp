// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>
#include "services/weather/report_cache.hpp"

namespace cohort::weather {

/// `GET /api/weather[?location=City,Country]`: a weather report from the providers or the cache.
/// `GET /api/weather/providers`: the providers with their requests and failures.
http::router app(service::service_context context, report_cache::settings settings,
                 location configured_location = default_location());

service::definition definition();

}  // namespace cohort::weather
