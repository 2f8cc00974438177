// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/client_error.hpp>

namespace cohort::http {
namespace {

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "cohort.http.client"; }
  std::string message(int code) const override {
    switch (static_cast<client_error>(code)) {
      case client_error::invalid_request:
        return "invalid request: the URL must be http or https and have a host, and the header fields must be valid";
      case client_error::deadline_exceeded: return "not enough time remains before the deadline to make the call";
      case client_error::breaker_open: return "the circuit breaker of the upstream is open";
      case client_error::bulkhead_full: return "the maximum number of concurrent calls to the upstream is reached";
      case client_error::rate_limited:
        return "the upstream limits the request rate, and the delay in its Retry-After has not elapsed";
      case client_error::resolve_failed: return "the host name could not be resolved";
      case client_error::resolve_timeout: return "the resolution of the host name timed out";
      case client_error::connect_refused: return "the connection was refused";
      case client_error::connect_failed: return "the connection failed";
      case client_error::proxy_failed: return "the proxy did not open a connection to the server";
      case client_error::no_file_descriptor: return "no file descriptor is available for a connection";
      case client_error::no_local_port: return "no local port is available for a connection";
      case client_error::connect_timeout: return "the connection attempt timed out";
      case client_error::tls_failed: return "the TLS handshake failed";
      case client_error::tls_certificate_invalid:
        return "the server's certificate is invalid: untrusted, expired, or not for the name of the server";
      case client_error::tls_timeout: return "the TLS handshake timed out";
      case client_error::send_failed: return "the request could not be sent";
      case client_error::send_timeout: return "sending the request timed out";
      case client_error::request_body_failed: return "the request body could not be read completely";
      case client_error::no_response: return "the connection was closed before a response";
      case client_error::response_truncated: return "the response's header was truncated";
      case client_error::response_timeout: return "the response timed out";
      case client_error::response_malformed: return "the response is invalid HTTP";
      case client_error::response_header_too_large: return "the response's header exceeds the size limit";
      case client_error::body_truncated: return "the response's body was truncated";
      case client_error::body_timeout: return "the response's body timed out";
      case client_error::body_malformed: return "the response's body is malformed";
      case client_error::body_too_large: return "the response's body exceeds the size limit";
      case client_error::too_many_redirects: return "the maximum number of redirects is exceeded";
      case client_error::cancelled: return "the call was cancelled";
    }
    return "unknown error";
  }
};

}  // namespace

const boost::system::error_category& client_category() noexcept {
  static const category instance;
  return instance;
}

error_code make_error_code(client_error code) noexcept { return {static_cast<int>(code), client_category()}; }

std::string_view error_class(client_error code) noexcept {
  switch (code) {
    case client_error::deadline_exceeded:
    case client_error::resolve_timeout:
    case client_error::connect_timeout:
    case client_error::tls_timeout:
    case client_error::send_timeout:
    case client_error::response_timeout:
    case client_error::body_timeout: return "timeout";
    case client_error::breaker_open: return "open";
    case client_error::bulkhead_full:
    case client_error::rate_limited: return "shed";
    case client_error::resolve_failed: return "dns";
    case client_error::connect_refused:
    case client_error::connect_failed:
    case client_error::proxy_failed:
    case client_error::no_file_descriptor:
    case client_error::no_local_port: return "connect";
    case client_error::tls_failed:
    case client_error::tls_certificate_invalid: return "tls";
    case client_error::send_failed:
    case client_error::no_response:
    case client_error::response_truncated:
    case client_error::body_truncated: return "reset";
    case client_error::response_malformed:
    case client_error::response_header_too_large:
    case client_error::body_malformed:
    case client_error::too_many_redirects: return "protocol";
    case client_error::body_too_large: return "too_big";
    case client_error::request_body_failed:
    case client_error::cancelled: return "cancelled";
    case client_error::invalid_request: return "bad_url";
  }
  return "unknown";
}

bool is_timeout(client_error code) noexcept { return error_class(code) == "timeout"; }

bool is_caused_by_caller(client_error code) noexcept { return error_class(code) == "cancelled"; }

bool is_connect_failure(client_error code) noexcept {
  return error_class(code) == "connect" || code == client_error::connect_timeout;
}

}  // namespace cohort::http
