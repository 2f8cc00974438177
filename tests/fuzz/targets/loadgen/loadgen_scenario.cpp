// SPDX-License-Identifier: BSL-1.0
// Fuzzes scenario files of the load generator.
#include <cohort/json/parser.hpp>
#include "loadgen/options/scenario.hpp"
#include "tests/fuzz/targets/config/temporary_file.hpp"

namespace cohort::fuzz::loadgen_scenario_target {
namespace {

result<loadgen::run_options, std::string> read(std::string_view text) {
  const temporary_file file{text};
  return loadgen::read_scenario(file.path());
}

void run(std::string_view input) {
  // A scenario may name a body file: skip inputs that could name a device.
  if (input.find("/dev") != std::string_view::npos || input.find("\\u") != std::string_view::npos) return;
  const auto options = read(input);
  const auto minified_text = json::minify(input);
  if (!minified_text.empty()) {
    require(read(minified_text).has_value() == options.has_value(), "whitespace does not change the result");
  }
  if (!options) {
    require(!options.error().empty(), "an error has a message");
    for (const char c : options.error()) require(c != '\n', "an error is one line");
    return;
  }
  for (const auto& target : options->targets) {
    require(!target.location.url.empty() && target.location.weight >= 1, "a target has a URL and a weight");
    for (const auto& [name, value] : target.fields) {
      require(http::is_token(name) && http::is_field_value(value), "a header field is valid");
    }
  }
  for (const auto& stage : options->stages)
    require(stage.length > duration::zero(), "the length of a stage is positive");
}

const registration fuzz_registration{{"loadgen_scenario", run}};

}  // namespace
}  // namespace cohort::fuzz::loadgen_scenario_target
