// SPDX-License-Identifier: BSL-1.0
// Fuzzes policies as text, such as the value of TIME_SERVICE_POLICY.
#include <cmath>
#include <string>

#include <cohort/http/client/upstream/upstream_settings.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::upstream_policy_target {
namespace {

using http::upstream_settings;

std::string print_percentage(double ratio) { return std::to_string(std::lround(ratio * 100)); }

std::string print_time(duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + "ms";
}

std::string print(const upstream_settings& settings) {
  return "timeout=" + print_time(settings.timeout) + ",attempts=" + std::to_string(settings.retry.max_attempts) +
         ",budget=" + print_percentage(settings.budget.ratio) +
         "%,hedge=" + (settings.hedging.is_enabled ? "p" + print_percentage(settings.hedging.quantile) : "off") +
         ",breaker=" +
         (settings.breaker.min_calls == 0 ? "off" : print_percentage(settings.breaker.failure_ratio) + "%") +
         ",open=" + print_time(settings.breaker.base_open_time) +
         ",in-flight=" + std::to_string(settings.max_in_flight);
}

bool is_valid_time(duration time) { return time >= std::chrono::milliseconds{1} && time <= std::chrono::hours{1}; }

bool is_ratio(double ratio, double min) { return ratio >= min && ratio <= 1; }

void run(std::string_view input) {
  static const auto parser = http::upstream_policy({});
  const auto settings = parser.parse(input);
  if (!settings) return;
  require(is_valid_time(settings->timeout) && is_valid_time(settings->breaker.base_open_time), "times are in range");
  require(settings->breaker.base_open_time <= settings->breaker.max_open_time,
          "the maximum open time is at least the open time");
  require(settings->retry.max_attempts >= 1 && settings->retry.max_attempts <= 10, "attempts are in range");
  require(settings->max_in_flight >= 1 && settings->max_in_flight <= 100'000, "concurrent calls are in range");
  require(is_ratio(settings->budget.ratio, 0) && is_ratio(settings->breaker.failure_ratio, 0.01) &&
              is_ratio(settings->hedging.quantile, 0.5),
          "ratios are in range");
  const auto text = print(*settings);
  const auto again = parser.parse(text);
  require(again && print(*again) == text, "parsing a printed policy returns the same policy");
}

const registration fuzz_registration{{"upstream_policy", run}};

}  // namespace
}  // namespace cohort::fuzz::upstream_policy_target
