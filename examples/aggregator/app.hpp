// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/service/service.hpp>

namespace aggregator {

/// `GET /api/product/{id}`: product, price and reviews of three upstreams in one response.
cohort::service::definition service();

}  // namespace aggregator
