// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>
#include "services/weather/providers/weather_report.hpp"

namespace cohort::weather {

/// The reason why a provider has no report for a location.
enum class failure_kind {
  location_unknown,      // the provider responded that it has no report for this location
  provider_unreachable,  // no connection, or rate limited; does not depend on the location
  request_failed,    // an error response, a timeout or a truncated response; can affect one location or all locations
  response_invalid,  // a complete response that is not a report
};

struct provider_failure {
  failure_kind kind = failure_kind::request_failed;
  std::string error;  // an error class: "timeout", "status 502", "unknown location"
};

using report_result = result<std::shared_ptr<const weather_report>, provider_failure>;

inline constexpr std::string_view unknown_location_error = "unknown location";
inline constexpr std::string_view invalid_response_error = "unexpected answer";

inline provider_failure unknown_location() {
  return {failure_kind::location_unknown, std::string{unknown_location_error}};
}
inline provider_failure invalid_response() {
  return {failure_kind::response_invalid, std::string{invalid_response_error}};
}

}  // namespace cohort::weather
