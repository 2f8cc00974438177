// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/system/error_category.hpp>
#include <string_view>

#include <cohort/runtime/task.hpp>

namespace cohort::http {

/// The reason why a call has no response. The enumerators are in the order of a call's stages.
enum class client_error {
  invalid_request = 1,  // invalid URL (not http or https, or without a host), or a header field that is invalid or set
                        // by the client itself
  deadline_exceeded,    // the deadline had passed, or was less than a round trip away; nothing was sent
  breaker_open,         // the upstream's circuit breaker is open; nothing was sent
  bulkhead_full,        // the maximum number of concurrent calls to the upstream is reached; nothing was sent
  rate_limited,         // the upstream responded with 429, and its `Retry-After` has not elapsed; nothing was sent
  resolve_failed,       // the host name does not exist, or the resolver failed
  resolve_timeout,      //
  connect_refused,      // refused by every address of the name
  connect_failed,       // network or host unreachable
  proxy_failed,         // the proxy rejected the tunnel, or did not respond with HTTP
  no_file_descriptor,   // the limit of the process or of the machine is reached
  no_local_port,        // all ephemeral ports are in use
  connect_timeout,      //
  tls_failed,           // no common protocol version or cipher, or a broken handshake
  tls_certificate_invalid,    // untrusted, expired, or not for this host
  tls_timeout,                //
  send_failed,                // the server closed or reset the connection while the request was sent
  send_timeout,               //
  request_body_failed,        // the source of the request body failed, or its length differed from the announced length
  no_response,                // closed or reset before the first byte of the response
  response_truncated,         // closed or reset within the response's header
  response_timeout,           // the deadline passed before the response's header was complete
  response_malformed,         // not HTTP/1.0 or HTTP/1.1, or ambiguously framed
  response_header_too_large,  // above `client_settings::max_header_bytes`
  body_truncated,             // closed or reset within the body
  body_timeout,               //
  body_malformed,             // invalid chunked framing or compression
  body_too_large,             // above `client_settings::max_body_bytes`
  too_many_redirects,         // above `client_request::max_redirects`
  cancelled,                  // by the caller
};

const boost::system::error_category& client_category() noexcept;
error_code make_error_code(client_error code) noexcept;

/// The class of an error, for metrics and messages; one of `timeout`, `open`, `shed`, `connect`, `dns`, `tls`, `reset`,
/// `protocol`, `too_big`, `cancelled`, `bad_url`.
std::string_view error_class(client_error code) noexcept;
/// Whether the error is a timeout, at any stage.
bool is_timeout(client_error code) noexcept;
/// Whether the caller ended the call: by cancelling it, or with a request body that failed. Such an error is not a
/// failure of the server.
bool is_caused_by_caller(client_error code) noexcept;
/// Whether no connection could be established to the address. Another address of the name may accept one.
bool is_connect_failure(client_error code) noexcept;

}  // namespace cohort::http

template <>
struct boost::system::is_error_code_enum<cohort::http::client_error> : std::true_type {};
