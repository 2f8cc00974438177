#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loadgen/text_rules.hpp"

namespace cohort::loadgen {

struct target_wish {
  named_url where;
  http::method verb = http::method::get;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::string expected_text;
};

/// What was said about a run, by flags or by a scenario file: nothing where nothing was said.
struct wishes {
  std::optional<std::string> mode;
  std::optional<wanted_rate> rate;
  std::optional<duration> length;
  std::vector<stage_of_plan> stages;
  std::optional<std::string> arrivals;
  std::optional<std::int64_t> seed;
  std::vector<target_wish> targets;
  std::optional<std::int64_t> connections;
  std::optional<std::int64_t> threads;
  std::optional<duration> timeout;
  std::optional<duration> time_limit;
  std::optional<bool> keep_alive;
  std::vector<std::string> objectives;
};

config::rule<std::string> mode_rule();
config::rule<std::string> arrivals_rule();
config::rule<std::int64_t> seed_rule();
config::rule<std::int64_t> connections_rule();
config::rule<std::int64_t> threads_rule();
config::rule<duration> length_rule();
config::rule<duration> timeout_rule();
config::rule<duration> time_limit_rule();

/// The whole file; what is wrong is a sentence that names it.
result<std::string, std::string> read_file(const std::string& path);

/// A scenario is a JSON object whose keys are the flags' long names (`rate`, `duration`, `slo`, …), with `targets` and
/// `stages` as arrays of objects; `loadgen/README.md` has one. An unknown key is an error.
result<wishes, std::string> read_scenario(const std::string& path);

}  // namespace cohort::loadgen
