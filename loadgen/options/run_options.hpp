// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loadgen/options/option_parsers.hpp"

namespace cohort::loadgen {

/// The options of one target.
struct target_options {
  target_url location;
  http::method method = http::method::get;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::string expected_body;
};

/// The options that both flags and scenario files have. An option is empty if it was not given.
struct run_options {
  std::optional<std::string> mode;
  std::optional<rate_option> rate;
  std::optional<duration> length;
  std::vector<load_stage> stages;
  std::optional<std::string> arrivals;
  std::optional<std::int64_t> seed;
  std::vector<target_options> targets;
  std::optional<std::int64_t> connections;
  std::optional<std::int64_t> threads;
  std::optional<duration> timeout;
  std::optional<duration> deadline;
  std::optional<duration> patience;
  std::optional<std::int64_t> retries;
  std::optional<duration> retry_backoff;
  std::optional<bool> keep_alive;
  std::vector<std::string> objectives;
};

}  // namespace cohort::loadgen
