// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>

namespace cohort::time_service {

/// `GET /api/time`: the local time in the time zone of the setting `TZ`.
http::router app();

service::definition definition();

}  // namespace cohort::time_service
