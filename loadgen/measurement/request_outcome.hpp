// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cohort::loadgen {

/// The outcome of a planned request. Every request has exactly one outcome.
enum class request_outcome : std::uint8_t {
  status_2xx,
  status_3xx,
  status_4xx,  // except 429
  status_429,
  status_5xx,  // except 503
  status_503,
  body_check,  // a success status, but without the expected text in the body
  // No connection.
  dns,
  connect_refused,
  connect_timeout,
  connect_other,
  tls,
  local_fd,    // no file descriptor left, in this process or on this machine
  local_port,  // no local port left
  // No complete response.
  write,
  reset,
  early_eof,
  stale_reuse,  // a reused connection was closed before the first byte of the response: the keep-alive race
  timeout,
  protocol,
  // Not sent, or no response before the end of the run.
  unsent,      // waited for a connection until its timeout or the end of the run
  unfinished,  // in flight when the run was stopped
};

inline constexpr std::size_t outcome_count = static_cast<std::size_t>(request_outcome::unfinished) + 1;

/// Indexed by `request_outcome`.
using outcome_counts = std::array<std::uint64_t, outcome_count>;

/// The name in JSON, CSV and metrics: `2xx`, `429`, `connect_refused`.
std::string_view outcome_key(request_outcome outcome) noexcept;
/// The name in text and HTML reports: `connection refused`.
std::string_view outcome_label(request_outcome outcome) noexcept;
/// Whether the outcome is a response with a status of 2xx or 3xx and the expected text.
bool is_success(request_outcome outcome) noexcept;
/// Whether the outcome is a complete response, of any status.
bool is_response(request_outcome outcome) noexcept;
/// Whether the outcome is caused by a limit of the generator's machine, not by the server.
bool is_generator_limit(request_outcome outcome) noexcept;

std::uint64_t count_of(const outcome_counts& counts, request_outcome outcome) noexcept;
std::uint64_t success_count(const outcome_counts& counts) noexcept;
std::uint64_t response_count(const outcome_counts& counts) noexcept;
std::uint64_t total_count(const outcome_counts& counts) noexcept;

}  // namespace cohort::loadgen
