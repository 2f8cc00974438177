// SPDX-License-Identifier: BSL-1.0
// Fuzzes the body of `PUT /api/faults`.
#include <string>

#include <cohort/faults/fault_settings.hpp>
#include <cohort/json/decode.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::fault_settings_target {
namespace {

bool is_between(std::int64_t value, std::int64_t min, std::int64_t max) { return value >= min && value <= max; }

void run(std::string_view input) {
  const auto settings = json::decode<faults::fault_settings>(input);
  if (!settings) {
    require(!settings.error().list.empty() && settings.error().text().size() < 16'384, "errors are short strings");
    return;
  }
  require(is_between(settings->latency_ms, 0, 60'000) && is_between(settings->error_percent, 0, 100) &&
              is_between(settings->hang_percent, 0, 100) && is_between(settings->memory_mb, 0, 4096) &&
              is_between(settings->cpu_percent, 0, 95) && is_between(settings->seconds, 1, 3600),
          "settings are in range");
  const auto text = json::encode(*settings);
  const auto again = json::decode<faults::fault_settings>(text);
  require(again && json::encode(*again) == text, "parsing printed settings returns the same settings");
  require(json::is_object(faults::to_json(*settings, std::chrono::seconds{settings->seconds})),
          "a response is a JSON object");
}

const registration fuzz_registration{{"fault_settings", run}};

}  // namespace
}  // namespace cohort::fuzz::fault_settings_target
