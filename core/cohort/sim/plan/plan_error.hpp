// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <cohort/sim/plan/plan.hpp>
#include <cohort/sim/plan/plan_document.hpp>

// Reads values of a plan's document, and rejects invalid values.
namespace cohort::sim {

/// The reason why a plan is rejected: one line.
struct plan_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws `plan_error`. `field` is the path of the value in the document, such as `services[0].cpu`.
[[noreturn]] inline void reject(const std::string& field, const std::string& reason) {
  throw plan_error{field + " " + reason};
}

/// Parses a duration with a unit. Throws `plan_error` if the text is malformed.
inline duration read_duration(const std::string& text, const std::string& field) {
  const auto value = parse_plan_duration(text);
  if (!value) reject(field, "is \"" + text + "\", but must be a duration such as 250us, 20ms, 1.5s or 2min");
  return *value;
}

/// Returns an integer from 1 to `max`; 1 if there is no value. Throws `plan_error` if the value is out of range.
inline std::size_t read_count(std::optional<std::int64_t> value, std::int64_t max, const std::string& field) {
  if (!value) return 1;
  if (*value < 1 || *value > max) reject(field, "must be an integer from 1 to " + std::to_string(max));
  return static_cast<std::size_t>(*value);
}

/// Returns a ratio from 0 to 1; 0 if there is no value. Throws `plan_error` if the value is out of range.
inline double read_ratio(std::optional<double> value, const std::string& field) {
  if (value && (*value < 0 || *value > 1)) reject(field, "must be a number from 0 to 1");
  return value.value_or(0);
}

/// Returns a number of calls per second. Throws `plan_error` if the value is out of range.
inline double read_rate(double rate, const std::string& where) {
  if (!(rate > 0) || rate > 1e6) reject(where, "must be a number of calls per second up to 1e6");
  return rate;
}

/// Throws `plan_error` if the rate is negative or if the pauses would leave no time for work.
inline core_pauses read_pauses(double per_second, distribution length) {
  if (!(per_second >= 0)) reject("pauses.per_second", "must be a number of at least 0");
  if (per_second * to_seconds(length.mean()) >= 1) {
    reject("pauses", "would leave the cores no time: per_second times the mean length must be less than 1s");
  }
  return {per_second, std::move(length)};
}

/// Throws `plan_error` if the factor is out of range.
inline idle_slowdown read_idle_slowdown(const plan_document::idle_slowdown& source) {
  if (!(source.max_factor >= 1 && source.max_factor <= 100)) {
    reject("idle_slowdown.max_factor", "must be a number from 1 to 100");
  }
  return {source.max_factor, read_duration(source.full_after, "idle_slowdown.full_after")};
}

}  // namespace cohort::sim
