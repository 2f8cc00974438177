// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>

namespace visits {

/// Returns the definition of the visit service, for `main` and for tests in a simulated fleet.
cohort::service::definition visit_service();

}  // namespace visits
