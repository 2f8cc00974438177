// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/tracing/sampler.hpp>

#include <algorithm>

namespace cohort::telemetry {

sampler::sampler(double ratio, bool is_parent_based) noexcept
    : threshold_(static_cast<std::uint64_t>(std::clamp(ratio, 0.0, 1.0) * 0x1.0p63)),
      is_parent_based_(is_parent_based) {}

bool sampler::should_sample(const trace_context& trace, bool is_root) const noexcept {
  if (is_parent_based_ && !is_root) return trace.is_sampled;
  return trace.id.low >> 1U < threshold_;
}

std::optional<sampler> make_sampler(std::string_view name, double ratio) noexcept {
  constexpr std::string_view prefix = "parentbased_";
  const bool is_parent_based = name.starts_with(prefix);
  if (is_parent_based) name.remove_prefix(prefix.size());
  if (name == "always_on") return sampler{1, is_parent_based};
  if (name == "always_off") return sampler{0, is_parent_based};
  if (name == "traceidratio") return sampler{ratio, is_parent_based};
  return std::nullopt;
}

}  // namespace cohort::telemetry
