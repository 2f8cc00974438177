#pragma once

#include "core/service/service.hpp"

namespace cohort::time_service {

/// `GET /api/time`: the machine's local time, in the zone that `TZ` names.
http::router app();

service::definition definition();

}  // namespace cohort::time_service
