// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <cohort/http/client/client_request.hpp>
#include <cohort/http/client/client_response.hpp>
#include <cohort/http/client/client_settings.hpp>
#include <cohort/http/client/connection/connection_pool.hpp>
#include <cohort/http/client/streaming/streamed_response.hpp>
#include <cohort/http/client/upstream/upstream_directory.hpp>
#include <cohort/net/network.hpp>
#include <cohort/runtime/time/deadline.hpp>

namespace cohort::http {

/// HTTP/1.1 transport: performs one exchange at a time over pooled keep-alive connections, balanced over the addresses
/// of a host name. The client does not retry requests or follow redirects; `fetch` and `upstream` do. One client serves
/// all loops; each loop has its own pool. All members except the constructor, `loop_count` and `replace_tls` run on a
/// loop.
class client {
 public:
  struct send_options {
    connection_pool::lease_options connection;
    /// Whether to report a timeout to the load balancer as a failure of the address; false if the deadline may be too
    /// short for the server.
    bool timeout_is_failure = false;
    /// Whether to send the remaining time, minus one round-trip time (RTT), as `x-envoy-expected-rq-timeout-ms`.
    bool propagate_deadline = false;
    /// The record of the attempt. The client sets its phases, address and deadline. If it is null, nothing is recorded.
    /// Must outlive the exchange.
    telemetry::attempt_record* record = nullptr;
    /// The origin of the request's URL, if the caller has parsed it; null otherwise. Must outlive the exchange.
    const origin* target = nullptr;
  };
  struct exchange {
    client_result response;
    /// The server's address; empty if no connection was established.
    std::optional<net::endpoint> address{};
    /// Whether a reused connection was closed or reset before any byte of a response. In most cases, the server has
    /// closed the connection before it read the request.
    bool was_connection_stale = false;
    /// The time at which the last bytes of the response arrived, or at which the exchange failed.
    time_point ended{};
  };

  /// `network` must outlive the client. `loop_count` is the number of loops that use it.
  client(net::network& network, std::size_t loop_count, client_settings settings = {});
  ~client();

  /// Resolves the host name, connects, sends the request and reads the entire response, all before `call_deadline`. A
  /// response with any status is a success. If less than one round-trip time remains, the request is not sent and the
  /// error is `client_error::deadline_exceeded`. `request` must outlive the exchange.
  task<exchange> send(const client_request& request, deadline call_deadline, send_options options);

  /// Opens a new connection to an origin for a protocol other than HTTP; it is not pooled. Connects to the first
  /// address of the name that accepts the connection, with TLS if the origin is secure. Sends no HTTP request.
  task<result<net::stream_ptr, client_error>> connect(origin target, deadline call_deadline);

  struct opened_exchange {
    /// The head of the response without its body, or the error.
    exchange head;
    /// The body of the response; null if there is no response.
    std::unique_ptr<response_body_stream> body{};
    /// Whether any byte of the request body has been read from its source.
    bool has_read_source = false;
  };

  /// Sends a request and reads the head of the response. The body of the response is then streamed from the connection.
  /// The request body is read from `source`; null means no body. `request.body` is not sent. The task ends once the
  /// head of the response has been received and the body of the request has been sent. After an early response with
  /// status 300 or higher, the rest of the body is not sent. Fields are sent as given; only `Host`, the framing fields,
  /// the trace and the deadline are added. `max_body_bytes` limits the body of the response. Interim responses are
  /// passed to `on_interim`, or ignored if it is null. `request`, `source` and `on_interim` must outlive the task.
  task<opened_exchange> open(const client_request& request, request_body_source* source, deadline call_deadline,
                             send_options options, std::size_t max_body_bytes,
                             const interim_callback* on_interim = nullptr);

  std::size_t loop_count() const noexcept { return pools_.size(); }
  /// Smoothed round-trip time of this loop's connections to an origin; zero before the first connection.
  duration round_trip_time(const origin& target) { return pool().round_trip_time(target); }
  /// The numbers of known and ejected addresses of an origin on this loop.
  connection_pool::address_counts addresses(const origin& target, time_point now) {
    return pool().addresses(target, now);
  }

  /// Makes this loop re-resolve the name of an origin before the next request to it. Called when the addresses have
  /// changed.
  void refresh_addresses(const origin& target) { pool().refresh_addresses(target); }

  /// This loop's origins, with their addresses and idle connections.
  std::vector<connection_pool::origin_status> origins() { return pool().statuses(); }
  /// The upstreams that use this client.
  upstream_directory& upstreams() noexcept { return upstreams_; }

  /// Replaces the TLS settings, such as the client's certificate. New connections use the new settings; requests in
  /// flight complete on their connections, which are then closed. Safe from any thread. Precondition:
  /// `find_error(settings)` returns no error.
  void replace_tls(net::tls_client_settings settings) { tls_.replace(std::move(settings)); }

  /// Closes this loop's idle connections. Must run on each loop before the loop ends.
  void close_idle() { pool().close_idle(); }

 private:
  connection_pool& pool();

  net::network& network_;
  client_settings settings_;
  net::replaceable_tls_client_settings tls_;
  std::vector<std::unique_ptr<connection_pool>> pools_;
  upstream_directory upstreams_;
};

}  // namespace cohort::http
