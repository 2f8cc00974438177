// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include <cohort/http/client/client_response.hpp>
#include <cohort/http/client/client_settings.hpp>
#include <cohort/net/stream.hpp>
#include <cohort/telemetry/requests/request_record.hpp>

namespace cohort::http {

struct exchange_result {
  client_result response;
  /// Whether the connection can carry another request.
  bool is_reusable = false;
  /// Whether the connection has received bytes after the response.
  bool has_excess_bytes = false;
  /// Whether the entire request was sent and nothing received, so that the response may still arrive.
  bool is_unanswered = false;
  /// The time at which the last bytes of the response arrived; empty after a failure, and for a close-delimited
  /// response.
  std::optional<time_point> received_at{};
};

/// Sends a serialized request and reads the response to it, until the stream's deadline. Interim responses (1xx) are
/// skipped, except 101 (RFC 9110 section 15.2). `record`, which may be null, receives the time of the first byte. The
/// memory of `request` is reused once it is sent. All other arguments must outlive the exchange.
task<exchange_result> run_exchange(net::stream& stream, recycled_string request, bool is_head_request,
                                   const client_settings& settings, telemetry::attempt_record* record = nullptr);

/// Decompresses the body according to `Content-Encoding`, a list of at most three of gzip, deflate and identity, and
/// removes that field. After an error, the response must not be used.
std::optional<client_error> decode_content(client_response& response, std::size_t max_body_bytes);

}  // namespace cohort::http
