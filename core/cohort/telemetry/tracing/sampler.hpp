// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <cohort/telemetry/trace_context.hpp>

namespace cohort::telemetry {

/// Decides at the start of a request whether its trace is recorded: the samplers of the OpenTelemetry SDK
/// specification (https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling). The decision for a ratio depends on
/// the trace ID only, so all services with the same ratio record the same traces.
class sampler {
 public:
  /// Records every new trace. For other traces, uses the decision of the caller.
  sampler() = default;
  /// Records a fraction `ratio` (0 to 1) of the traces. If `is_parent_based`, the ratio applies to new traces only, and
  /// the decision of the caller applies to other traces.
  sampler(double ratio, bool is_parent_based) noexcept;

  /// Returns whether the trace is recorded. `trace` contains the decision of the caller, unless the trace is new
  /// (`is_root`).
  bool should_sample(const trace_context& trace, bool is_root) const noexcept;

 private:
  /// A trace is recorded if the upper 63 bits of the second half of its ID are less than this threshold.
  std::uint64_t threshold_ = std::uint64_t{1} << 63U;
  bool is_parent_based_ = true;
};

/// Returns the sampler for a value of `OTEL_TRACES_SAMPLER`: `always_on`, `always_off`, `traceidratio`, or one of these
/// with the prefix `parentbased_`. `ratio` applies to `traceidratio` only. Returns an empty optional for other values.
std::optional<sampler> make_sampler(std::string_view name, double ratio) noexcept;

}  // namespace cohort::telemetry
