#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/runtime/random.hpp"

namespace cohort::telemetry {

/// What all that is done for one request of a user has in common, whichever services it passes through. Zero is none.
struct trace_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  explicit constexpr operator bool() const noexcept { return (high | low) != 0; }
  friend constexpr bool operator==(const trace_id&, const trace_id&) = default;
  /// Lower case, as in `traceparent`.
  std::array<char, 32> hex() const noexcept;
};

/// A request's trace as its caller told it or as it began here (W3C Trace Context,
/// https://www.w3.org/TR/trace-context/).
struct trace_context {
  trace_id id;
  /// Whether somebody keeps a record of it, so that it can be looked up.
  bool sampled = false;
  /// `tracestate`, which is for others and is passed on as it came; empty if there was none. Lives with the request.
  std::string_view state{};
};

/// A `traceparent` of version 00, or the part of a later one that version 00 knows, as the standard asks. Nothing for
/// whatever is not exactly that: lower-case hexadecimals, no id of zeros. Of the flags only `sampled` is kept: the
/// others have no meaning yet, and are to be sent on as zeros.
std::optional<trace_context> parse_traceparent(std::string_view value) noexcept;

/// Whether a `tracestate` may be passed on: 1 to 512 printable characters (all that has to be passed on).
bool is_sane_tracestate(std::string_view value) noexcept;

/// For a request that came without a trace. Ours are all sampled: their ids stand in the log.
trace_context begin_trace(random_source& chance) noexcept;

/// For one call to another server: the same trace, with a parent id of the call's own.
std::array<char, 55> format_traceparent(const trace_context& of, random_source& chance) noexcept;

}  // namespace cohort::telemetry
