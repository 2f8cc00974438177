#pragma once

#include "core/service/service.hpp"
#include "services/weather/forecaster.hpp"

namespace cohort::weather {

/// `GET /api/weather[?location=City,Country]`: the providers' weather, cached.
http::router app(service::kit with, forecaster::settings how, place usual = default_place());

service::definition definition();

}  // namespace cohort::weather
