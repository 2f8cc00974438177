// SPDX-License-Identifier: BSL-1.0
// The body of `PUT /api/faults`.
#include <string>

#include <cohort/faults/fault_settings.hpp>
#include <cohort/json/parser.hpp>
#include <cohort/json/writer.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz {
namespace {

bool is_between(std::int64_t value, std::int64_t min, std::int64_t max) { return value >= min && value <= max; }

std::string print(const faults::fault_settings& settings) {
  std::string text;
  json::writer{text}
      .open_object()
      .field("latency_ms", settings.latency_ms)
      .field("error_percent", settings.error_percent)
      .field("hang_percent", settings.hang_percent)
      .field("memory_mb", settings.memory_mb)
      .field("cpu_percent", settings.cpu_percent)
      .field("seconds", settings.seconds)
      .close_object();
  return text;
}

void run(std::string_view input) {
  const auto settings = faults::parse_fault_settings(input);
  if (!settings) {
    require(!settings.error().empty() && settings.error().size() < 512, "an error is a short text");
    return;
  }
  require(is_between(settings->latency_ms, 0, 60'000) && is_between(settings->error_percent, 0, 100) &&
              is_between(settings->hang_percent, 0, 100) && is_between(settings->memory_mb, 0, 4096) &&
              is_between(settings->cpu_percent, 0, 95) && is_between(settings->seconds, 1, 3600),
          "settings are in range");
  const auto text = print(*settings);
  const auto again = faults::parse_fault_settings(text);
  require(again && print(*again) == text, "printed settings are the same settings");
  require(json::is_object(faults::to_json(*settings, std::chrono::seconds{settings->seconds})),
          "a response is a JSON object");
}

const registration registered{{"fault_settings", run}};

}  // namespace
}  // namespace cohort::fuzz
