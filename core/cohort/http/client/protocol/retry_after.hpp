// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <cohort/http/client/client_response.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::http {

/// The delay in the `Retry-After` of a response (RFC 9110 section 10.2.3): a number of seconds or a date, at
/// most a day, zero if the date has passed. A date is relative to the `Date` of the response, so that the clocks need
/// not be synchronized, or to `now` without that field. Returns an empty result if the field is missing or invalid.
std::optional<duration> retry_after_of(const client_response& response, wall_time now);

}  // namespace cohort::http
