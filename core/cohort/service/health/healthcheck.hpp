// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/settings.hpp>

namespace cohort::service {

/// Sends `GET /health` to the service at `settings.host` and `settings.port`, or at its Unix domain socket, with a
/// timeout of 3 s. Returns the exit status: 0 for a 200 response; else 1, with the reason on standard error.
int run_healthcheck(const common_settings& settings);

}  // namespace cohort::service
