// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <cohort/telemetry/requests/request_record.hpp>
#include "services/dashboard/service_client.hpp"

namespace cohort::dashboard {

/// The call to one service for an aggregate.
struct call_summary {
  /// The name in the body of `/api/aggregate`.
  std::string_view service;
  /// The name of the upstream in the record of the request.
  std::string upstream;
  part_state state = part_state::error;
  /// The reason for the failure; empty if the state is fresh or stale.
  std::string reason;
};

/// The JSON of one request, as in `/api/requests` and in the event `request`. `request` has ended.
std::string request_json(const telemetry::request_record& request, std::span<const call_summary> calls);

/// The JSON Schema of `request_json`.
std::string request_schema();

}  // namespace cohort::dashboard
