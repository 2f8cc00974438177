#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.hpp"
#include "core/runtime/deadline.hpp"

namespace cohort::http {

/// How a deadline travels: the milliseconds that the caller still waits, as Envoy sends them to its upstreams. A
/// duration, so that the two clocks need not agree.
inline constexpr std::string_view remaining_time_field = "x-envoy-expected-rq-timeout-ms";

/// What a gRPC caller sends: up to eight digits and a unit of `HMSmun` (gRPC over HTTP/2, "Requests"). Understood on
/// the way in.
inline constexpr std::string_view grpc_timeout_field = "grpc-timeout";

/// Nothing for what is not a positive number of milliseconds within a day: such a header is not believed.
std::optional<duration> parse_remaining_time(std::string_view value) noexcept;
/// Nothing for what is not a positive time within a day.
std::optional<duration> parse_grpc_timeout(std::string_view value) noexcept;

/// What a caller says is left.
struct told_time {
  std::optional<duration> left;
  /// A header said something, and that was not believed.
  bool absurd = false;
};
/// The lesser of the two headers' where both are there.
told_time told_time_of(const request_head& head) noexcept;

/// For the field's value; at least one millisecond.
std::string format_remaining_time(deadline until, time_point now);

}  // namespace cohort::http
