// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>

namespace trip {

/// Returns the definition of the trip service, for `main` and for tests in a simulated fleet.
cohort::service::definition trip_service();

}  // namespace trip
