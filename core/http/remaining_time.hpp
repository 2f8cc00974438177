#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/runtime/deadline.hpp"

namespace cohort::http {

/// How a deadline travels: the milliseconds that the caller still waits, as Envoy sends them to its upstreams. A
/// duration, so that the two clocks need not agree.
inline constexpr std::string_view remaining_time_field = "x-envoy-expected-rq-timeout-ms";

/// Nothing for what is not a positive number of milliseconds within a day: such a header is not believed.
std::optional<duration> parse_remaining_time(std::string_view value) noexcept;

/// For the field's value; at least one millisecond.
std::string format_remaining_time(deadline until, time_point now);

}  // namespace cohort::http
