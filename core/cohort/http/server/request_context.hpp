// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/http/message/request_head.hpp>
#include <cohort/http/message/target.hpp>
#include <cohort/runtime/time/deadline.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/server_timing.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort::http {

struct route;
struct tls_client;

/// A request and its context, as filters and handlers see it. It belongs to one connection and its loop, and lives
/// until the response has been returned.
class request_context {
 public:
  /// `head` and `tls` must outlive it.
  request_context(const request_head& head, std::string_view peer_address, const tls_client* tls = nullptr)
      : head_(head), peer_address_(peer_address), tls_(tls) {}

  const request_head& head() const noexcept { return head_; }
  /// The whole body; empty if there is none, and in filters, which run before it is read.
  std::string_view body() const noexcept { return body_; }
  /// The decoded path segment that the `{name}` of the route's pattern matched. Throws `std::logic_error` if the
  /// pattern has no `{name}`.
  std::string_view parameter(std::string_view name) const;
  /// The decoded value of the first query parameter `name`; empty if it is absent or malformed.
  std::optional<std::string> query(std::string_view name) const { return query_value(head_.query, name); }

  /// The deadline of the request: the client does not wait longer for the response.
  cohort::deadline deadline() const noexcept { return deadline_; }
  /// The client's `X-Request-Id` if it is valid, otherwise a new ID. For log lines, here and upstream.
  std::string_view id() const noexcept { return id_; }
  /// The trace from `traceparent` and `tracestate`, or a new one.
  const telemetry::trace_context& trace() const noexcept { return trace_; }
  telemetry::trace_id trace_id() const noexcept { return trace_.id; }
  /// The durations for the `Server-Timing` field of the response.
  telemetry::server_timing& timing() noexcept { return timing_; }
  const telemetry::server_timing& timing() const noexcept { return timing_; }
  /// The peer's IP address, without the port.
  std::string_view peer_address() const noexcept { return peer_address_; }
  /// The client's side of the TLS connection, such as the URIs of its certificate; null for a plain connection.
  const tls_client* tls() const noexcept { return tls_; }
  /// The route that matches the path; null if there is none.
  const route* matched_route() const noexcept { return route_; }

  /// The context for calls made on behalf of this request; valid as long as the request.
  operator call_context() noexcept { return {deadline_, id_, &timing_, trace_}; }

  // Used by the connection.
  void set_body(std::string_view body) noexcept { body_ = body; }
  void set_deadline(cohort::deadline deadline) noexcept { deadline_ = deadline; }
  void set_id(std::string_view id) noexcept { id_ = id; }
  void set_trace(const telemetry::trace_context& trace) noexcept { trace_ = trace; }

 private:
  friend class router;

  const request_head& head_;
  std::string_view peer_address_;
  const tls_client* tls_;
  std::string_view body_;
  std::string_view id_;
  const route* route_ = nullptr;
  std::vector<std::pair<std::string_view, std::string>> parameters_;
  telemetry::trace_context trace_;
  cohort::deadline deadline_;
  telemetry::server_timing timing_;
};

}  // namespace cohort::http
