#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/message.hpp"
#include "core/http/server_timing.hpp"
#include "core/http/target.hpp"
#include "core/runtime/deadline.hpp"
#include "core/runtime/loop.hpp"
#include "core/telemetry/trace_context.hpp"

namespace cohort::http {

/// One request and all that its handler may know: what was asked, by whom, until when. Lives until the answer is made.
class request_context {
 public:
  request_context(const request_head& head, std::string_view peer) : head_(head), peer_(peer) {}

  const request_head& head() const noexcept { return head_; }
  /// All of it; empty if there was none.
  std::string_view body() const noexcept { return body_; }
  /// What a route's `{name}` matched, decoded.
  std::string_view parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : parameters)
      if (key == name) return value;
    return {};
  }
  /// The first value of that name in the query, decoded.
  std::optional<std::string> query(std::string_view name) const { return query_value(head_.query, name); }

  /// Nobody waits for the answer after this. Hand it to every call that is made for this request.
  deadline until() const noexcept { return until_; }
  /// Of the caller's choosing if it sent a sane `X-Request-Id`, else ours. For logs, here and upstream.
  std::string_view id() const noexcept { return id_; }
  /// Of the trace that the caller told of in `traceparent`, else of one that began here. The same in the log and
  /// upstream.
  telemetry::trace_id trace_id() const noexcept { return trace_.id; }
  const telemetry::trace_context& trace() const noexcept { return trace_; }
  /// For the calls to upstreams that are made for this request.
  caller as_caller() noexcept { return {until_, id_, &timing_, trace_}; }
  server_timing& timing() noexcept { return timing_; }
  /// The client's address without its port.
  std::string_view peer() const noexcept { return peer_; }

  // What the connection and the router fill in.
  void set_body(std::string_view body) noexcept { body_ = body; }
  void set_until(deadline limit) noexcept { until_ = limit; }
  void set_id(std::string_view id) noexcept { id_ = id; }
  void set_trace(const telemetry::trace_context& trace) noexcept { trace_ = trace; }
  std::vector<std::pair<std::string_view, std::string>> parameters;

 private:
  const request_head& head_;
  std::string_view peer_;
  std::string_view body_;
  std::string_view id_;
  telemetry::trace_context trace_;
  deadline until_;
  server_timing timing_;
};

}  // namespace cohort::http
