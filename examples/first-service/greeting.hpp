// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>

/// GET /api/greeting/{name}?times=N
cohort::service::definition greeting_service();
