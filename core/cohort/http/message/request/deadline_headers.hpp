// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cohort/http/message/request/request_head.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort::http {

/// The request header field that carries a deadline between services: the remaining timeout of the client in
/// milliseconds, as Envoy sends it to its upstreams. The value is a duration, so the clocks of both machines need not
/// be synchronized.
inline constexpr std::string_view envoy_timeout_field = "x-envoy-expected-rq-timeout-ms";

/// The request header field of gRPC clients: one to eight digits and a unit, one of `HMSmun` (gRPC over HTTP/2,
/// "Requests"). Accepted, never sent.
inline constexpr std::string_view grpc_timeout_field = "grpc-timeout";

/// Parses the value of `envoy_timeout_field`. Returns an empty result unless it is an integer number of milliseconds,
/// at least one and at most a day.
std::optional<duration> parse_envoy_timeout(std::string_view value) noexcept;
/// Parses the value of `grpc_timeout_field`. Returns an empty result unless it is positive and at most a day.
std::optional<duration> parse_grpc_timeout(std::string_view value) noexcept;

/// The deadline headers of a request.
struct deadline_headers {
  /// The remaining timeout of the client; the shorter one if both headers are valid.
  std::optional<duration> remaining;
  /// Whether one of the headers is invalid. An invalid header is ignored.
  bool invalid = false;
};
deadline_headers parse_deadline_headers(const request_head& head) noexcept;

/// The value of `envoy_timeout_field` for `call_deadline`: whole milliseconds, rounded down, at least 1.
std::string format_envoy_timeout(deadline call_deadline, time_point now);

}  // namespace cohort::http
