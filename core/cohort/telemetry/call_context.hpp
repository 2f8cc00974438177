// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <cohort/runtime/time/deadline.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort {

namespace telemetry {
class server_timing;
}

/// The context of a call made on behalf of a request: everything below a request takes a `call_context`, by value. A
/// call that is made outside a request constructs it explicitly: `{.deadline = deadline::never(), .request_id =
/// "refresh"}`.
///
/// Cancellation is not a member. A callee runs in the coroutine of its caller, so a cancellation of the caller (client
/// disconnected, deadline passed, lost `race`) reaches every operation below it through Asio's cancellation slot; a
/// cancelled operation returns `asio::error::operation_aborted`, or its own value for that.
///
/// The views and the pointer belong to the request and are valid until its handler has returned. A call that outlives
/// the handler must own copies of them, and sets `timing` to null.
struct call_context {
  /// The deadline of the call.
  cohort::deadline deadline;
  /// The request ID for log lines; sent to upstreams as `X-Request-Id` unless it is empty.
  std::string_view request_id{};
  /// The request's record, to which each upstream call adds its duration; may be null.
  telemetry::server_timing* timing = nullptr;
  /// The trace that the call is part of; none if its ID is zero.
  telemetry::trace_context trace{};
};

}  // namespace cohort
