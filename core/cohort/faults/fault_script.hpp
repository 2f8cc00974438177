// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::faults {

/// A fault of a network link between a client and a server. The text format is the name of the fault and one parameter,
/// such as `latency 200ms` or `reset 100`. `none`, `half-open` and `garbage` have no parameter; the parameter is
/// optional for `reset`, `black-hole`, `cut-header` and `cut-body`.
struct link_fault {
  enum class kind : std::uint8_t {
    none,
    /// The delivery of bytes is delayed by `delay`, in each direction.
    latency,
    /// At most `bytes` per second are delivered in each direction.
    bandwidth,
    /// Bytes are delivered in segments of at most `bytes`.
    slice,
    /// The connection is reset after `bytes` of a response (0: before the first byte).
    reset,
    /// Connections are accepted, but no bytes are delivered.
    half_open,
    /// No bytes are delivered after `bytes` of a response.
    black_hole,
    /// Random bytes are delivered instead of responses.
    garbage,
    /// The connection is closed after `bytes` of a response's header section.
    cut_header,
    /// The connection is closed after `bytes` of a response's body.
    cut_body,
  };
  kind type = kind::none;
  duration delay{};
  std::int64_t bytes = 0;

  bool operator==(const link_fault&) const = default;
};

/// Parses the text of a fault. The error is a message with the text and the accepted faults.
result<link_fault, std::string> parse_link_fault(std::string_view text);
/// Returns the text format of a fault, which `parse_link_fault` accepts.
std::string to_text(const link_fault& fault);

/// A fault of one link during an interval from the start of the script.
struct scripted_fault {
  duration start{};
  duration length{};
  /// The name of the link, such as `weather`.
  std::string link;
  link_fault fault;
};

/// Parses a fault script: one fault per line, `START LENGTH LINK FAULT [PARAMETER]`; `#` starts a comment. Times are
/// integers with the unit `ms`, `s` or `m`. Faults of one link may not overlap. The faults are returned in the order of
/// their start times. The error message starts with the line number.
///
///     # start  length  link     fault
///     1s       2s      weather  latency 300ms
///     5s       500ms   time     reset 100
result<std::vector<scripted_fault>, std::string> parse_fault_script(std::string_view text);

}  // namespace cohort::faults
