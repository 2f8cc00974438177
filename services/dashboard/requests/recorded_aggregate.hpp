// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "services/dashboard/aggregator.hpp"

namespace cohort::dashboard {

/// An aggregate, and the record of its calls as an element of `/api/requests`.
struct recorded_aggregate {
  dashboard::aggregate result;
  std::string request;
};

/// Calls the services outside of any request, and records the calls. `origin` is the request ID of these calls, and
/// must outlive them. See `aggregator::aggregate`.
task<recorded_aggregate> record_aggregate(std::shared_ptr<aggregator> services, std::string_view origin,
                                          aggregator::part_observer observer, std::optional<duration> timeout = {});

}  // namespace cohort::dashboard
