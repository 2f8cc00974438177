#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cohort::loadgen {

/// What became of a request that the plan had: exactly one of these.
enum class outcome : std::uint8_t {
  status_2xx,
  status_3xx,
  status_4xx,  // but 429
  status_429,
  status_5xx,  // but 503
  status_503,
  body_check,  // answered as a success, but without the text that the body was to have
  // No connection.
  dns,
  connect_refused,
  connect_timeout,
  connect_other,
  tls,
  local_fd,    // this process or machine has no descriptor left
  local_port,  // or no local port
  // No whole answer.
  write,
  reset,
  early_eof,
  stale_reuse,  // a kept connection was closed before any byte of the answer came: keep-alive's own race
  timeout,
  protocol,
  // Nothing was tried, or not to the end.
  unsent,      // waited for a connection until its time was up, or until the run ended
  unfinished,  // under way when the run was ended
};

inline constexpr std::size_t outcome_count = static_cast<std::size_t>(outcome::unfinished) + 1;

using outcome_counts = std::array<std::uint64_t, outcome_count>;

/// `2xx`, `429`, `connect_refused`: for JSON, CSV and metrics.
std::string_view key_of(outcome what) noexcept;
/// `connect refused`: for people.
std::string_view text_of(outcome what) noexcept;
/// 2xx and 3xx.
bool is_success(outcome what) noexcept;
/// Whether a whole answer came, of whatever status.
bool is_answer(outcome what) noexcept;
/// The generator's own limits, which say nothing of the server.
bool is_local(outcome what) noexcept;

std::uint64_t successes(const outcome_counts& of) noexcept;
std::uint64_t answers(const outcome_counts& of) noexcept;
std::uint64_t total(const outcome_counts& of) noexcept;

}  // namespace cohort::loadgen
