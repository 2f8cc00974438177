// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <cohort/runtime/time/deadline.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort {

namespace telemetry {
class server_timing;
}

/// The context of a call that a service makes for a request. All functions that make calls for a request take a
/// `call_context` by value. For a call without a request, construct the context explicitly: `{.deadline =
/// deadline::never(), .request_id = "refresh"}`.
///
/// The context has no member for cancellation. A callee runs in the coroutine of its caller, so Asio's cancellation
/// slot propagates a cancellation of the caller to every pending operation. Causes of a cancellation are a client that
/// disconnects, a deadline, and a `race` that another task wins. A cancelled operation returns
/// `asio::error::operation_aborted`, or another value that its function documents.
///
/// The views and the pointer belong to the request and are valid until its handler has returned. A call that outlives
/// the handler must own copies of the strings, and must set `timing` to null.
struct call_context {
  /// The deadline of the call.
  cohort::deadline deadline;
  /// The request ID for log lines; sent to upstreams as `X-Request-Id` unless it is empty.
  std::string_view request_id{};
  /// The record of the request, to which each upstream call adds its duration; may be null.
  telemetry::server_timing* timing = nullptr;
  /// The trace of the call. The ID is zero if there is no trace.
  telemetry::trace_context trace{};
};

}  // namespace cohort
