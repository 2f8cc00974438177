// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_settings.hpp>

#include <cohort/json/encode.hpp>

namespace cohort::faults {
namespace {

/// The JSON body of responses.
struct fault_state {
  bool active = false;
  std::int64_t latency_ms = 0;
  std::int64_t error_percent = 0;
  std::int64_t hang_percent = 0;
  std::int64_t memory_mb = 0;
  std::int64_t cpu_percent = 0;
  std::int64_t remaining_seconds = 0;
};
BOOST_DESCRIBE_STRUCT(fault_state, (),
                      (active, latency_ms, error_percent, hang_percent, memory_mb, cpu_percent, remaining_seconds))

}  // namespace

std::string to_json(const fault_settings& settings, duration remaining_time) {
  const auto remaining_seconds =
      settings.has_faults() ? std::chrono::ceil<std::chrono::seconds>(remaining_time).count() : 0;
  return json::encode(fault_state{.active = settings.has_faults(),
                                  .latency_ms = settings.latency_ms,
                                  .error_percent = settings.error_percent,
                                  .hang_percent = settings.hang_percent,
                                  .memory_mb = settings.memory_mb,
                                  .cpu_percent = settings.cpu_percent,
                                  .remaining_seconds = remaining_seconds});
}

}  // namespace cohort::faults
