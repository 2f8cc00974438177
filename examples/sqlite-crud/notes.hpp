// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>

namespace notes {

/// Returns the definition of the note service, for `main` and for tests in a simulated fleet.
cohort::service::definition note_service();

}  // namespace notes
