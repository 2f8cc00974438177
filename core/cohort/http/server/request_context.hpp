// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cohort/http/message/field.hpp>
#include <cohort/http/message/request/request_head.hpp>
#include <cohort/http/message/request/target.hpp>
#include <cohort/http/server/request_values.hpp>
#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/deadline.hpp>
#include <cohort/telemetry/call_context.hpp>
#include <cohort/telemetry/server_timing.hpp>
#include <cohort/telemetry/trace_context.hpp>

namespace cohort::http {

class operation;
class pipeline;
class response;
class route;
struct tls_connection_info;

/// The result of sending a response, for `request_context::on_sent`.
struct sent_response {
  http::status code;
  /// Number of bytes sent of the body, including the chunk framing.
  std::uint64_t body_bytes;
  /// The time from the end of the request's header section to the last byte of the response.
  duration elapsed;
  /// Whether the entire response was sent; false if the client disconnected, or the body was aborted.
  bool is_complete;
};

/// Sends interim responses; implemented by the connection of a request.
class interim_sender {
 public:
  virtual task<bool> send_interim(const response& interim) = 0;

 protected:
  ~interim_sender() = default;
};

/// A request and its context, for middleware and handlers. The object belongs to one connection and its loop, and is
/// valid until the response has been returned.
class request_context {
 public:
  /// `head` and `tls` must outlive this object.
  request_context(const request_head& head, std::string_view peer_address, const tls_connection_info* tls = nullptr)
      : head_(head), peer_address_(peer_address), client_address_(peer_address), tls_(tls) {}

  const request_head& head() const noexcept { return head_; }
  /// The entire body; empty if there is none, and before `co_await next(context)` in middleware, which runs before the
  /// body is read.
  std::string_view body() const noexcept { return body_; }
  /// The decoded path segment that the `{name}` of the route's pattern matched. Throws `std::logic_error` if the
  /// pattern has no `{name}`.
  std::string_view parameter(std::string_view name) const;
  /// The decoded value of the first query parameter `name`; empty if it is absent or malformed.
  std::optional<std::string> query(std::string_view name) const { return query_value(head_.query, name); }

  /// The deadline of the request.
  cohort::deadline deadline() const noexcept { return deadline_; }
  /// The client's `X-Request-Id` if it is valid, otherwise a new ID. The ID identifies the request in log lines of this
  /// service and of upstreams.
  std::string_view id() const noexcept { return id_; }
  /// The trace from `traceparent` and `tracestate`, or a new trace.
  const telemetry::trace_context& trace() const noexcept { return trace_; }
  telemetry::trace_id trace_id() const noexcept { return trace_.id; }
  /// The durations for the `Server-Timing` field of the response.
  telemetry::server_timing& timing() noexcept { return timing_; }
  const telemetry::server_timing& timing() const noexcept { return timing_; }
  /// The IP address of the peer, which is the client or a proxy, without the port.
  std::string_view peer_address() const noexcept { return peer_address_; }
  /// The client's IP address, for limits and logs. If the peer is a trusted proxy (`server_settings::trusted_proxies`),
  /// the address that its PROXY protocol header, `Forwarded` or `X-Forwarded-For` states; otherwise the peer's address.
  std::string_view client_address() const noexcept { return client_address_; }
  /// Whether the client uses TLS: to this server, or to a trusted proxy as stated by its forwarding headers.
  bool is_secure() const noexcept { return tls_ || forwarded_proto_ == "https"; }
  /// The host that the client requested, as stated by the forwarding headers of a trusted proxy; otherwise empty.
  std::string_view forwarded_host() const noexcept { return forwarded_host_; }
  /// Whether the peer is a trusted proxy (`server_settings::trusted_proxies`), whose forwarding headers are used.
  bool is_from_trusted_proxy() const noexcept { return is_from_trusted_proxy_; }
  /// The TLS connection, such as the URIs of the client's certificate; null for an unencrypted connection.
  const tls_connection_info* tls() const noexcept { return tls_; }
  /// The route that matches the path; null if there is none.
  const route* matched_route() const noexcept { return route_; }
  /// The route's operation for the method; null if there is none.
  const operation* matched_operation() const noexcept { return operation_; }
  /// The pattern of the route, as in metrics and logs; `unmatched` without a route.
  std::string_view endpoint() const noexcept;

  /// Stores a value for the rest of the request, such as the user that a middleware has authenticated, and returns it.
  /// A request has at most one value of each type: a new value replaces the old one.
  template <class T>
  T& set(T value) {
    return values_.set(std::move(value));
  }
  /// The value of this type; null if there is none.
  template <class T>
  T* get() noexcept {
    return values_.get<T>();
  }
  template <class T>
  const T* get() const noexcept {
    return values_.get<T>();
  }
  /// The value of this type. Throws `std::logic_error` if there is none.
  template <class T>
  T& require() {
    return values_.require<T>();
  }

  /// Calls `callback` once, after the last byte of the response has been sent (including a streamed one), or once
  /// sending has failed. The callback must not throw. The other requests of the
  /// connection wait until the callback returns.
  void on_sent(std::function<void(const sent_response&)> callback);

  /// Sends an interim response before the final one (RFC 9110 section 15.2), such as 103 with `Link` fields; its body
  /// is ignored. May be called by asynchronous handlers and middleware, until they return. `interim` must outlive the
  /// task. Returns false if the response was not sent: the status is not 100 or 102 to 199, the client uses HTTP/1.0 or
  /// has disconnected, or another interim response is being sent.
  task<bool> send_interim(const response& interim);

  /// The context for calls on behalf of this request; valid for the lifetime of the request.
  operator call_context() noexcept { return {deadline_, id_, &timing_, trace_}; }

  // The following functions are for the connection only.
  /// The middleware of the request. Precondition: `router::match` was called.
  const http::pipeline& pipeline() const noexcept { return *pipeline_; }
  bool has_sent_callbacks() const noexcept;
  void notify_sent(const sent_response& response);
  void set_body(std::string_view body) noexcept { body_ = body; }
  /// `sender` is null unless an asynchronous handler is running.
  void set_interim_sender(interim_sender* sender) noexcept { interim_sender_ = sender; }
  void set_client_address(std::string_view address) noexcept { client_address_ = address; }
  void set_forwarded(std::string_view proto, std::string_view host) noexcept {
    is_from_trusted_proxy_ = true;
    forwarded_proto_ = proto;
    forwarded_host_ = host;
  }
  void set_deadline(cohort::deadline deadline) noexcept { deadline_ = deadline; }
  void set_id(std::string_view id) noexcept { id_ = id; }
  void set_trace(const telemetry::trace_context& trace) noexcept { trace_ = trace; }
  /// The ID of the caller's span if spans are recorded; zero for a new trace.
  std::uint64_t parent_span_id() const noexcept { return parent_span_id_; }
  void set_parent_span_id(std::uint64_t id) noexcept { parent_span_id_ = id; }

 private:
  friend class router;

  const request_head& head_;
  std::string_view peer_address_;
  std::string_view client_address_;
  std::string_view forwarded_proto_;
  std::string_view forwarded_host_;
  bool is_from_trusted_proxy_ = false;
  const tls_connection_info* tls_;
  std::string_view body_;
  std::string_view id_;
  const route* route_ = nullptr;
  const operation* operation_ = nullptr;
  const http::pipeline* pipeline_ = nullptr;
  request_values values_;
  std::vector<std::pair<std::string_view, std::string>> parameters_;
  telemetry::trace_context trace_;
  std::uint64_t parent_span_id_ = 0;
  cohort::deadline deadline_;
  telemetry::server_timing timing_;
  interim_sender* interim_sender_ = nullptr;
};

}  // namespace cohort::http
