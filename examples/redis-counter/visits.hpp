// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>

namespace visits {

/// The service of this example. The tests run it in a simulated fleet.
cohort::service::definition visit_service();

}  // namespace visits
