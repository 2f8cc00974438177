// SPDX-License-Identifier: BSL-1.0
// Fuzzes the values of the load generator's flags.
#include <string>

#include "loadgen/options/connection_parsers.hpp"
#include "loadgen/options/option_parsers.hpp"
#include "loadgen/results/objective.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::loadgen_options_target {
namespace {

using namespace std::chrono_literals;

void check_times(std::string_view text) {
  const auto length = loadgen::stage_length_parser().parse(text);
  require(!length || (*length >= 10ms && *length <= 168h), "a time is in range");
  const auto rate = loadgen::rate_parser().parse(text);
  require(!rate || rate->is_closed_loop || (rate->rate.millionths >= 1000 && rate->rate.per_second() <= 1e6),
          "a rate is in range");
  const auto stage = loadgen::stage_parser().parse(text);
  if (!stage) return;
  require(stage->length >= 10ms && stage->length <= 168h && stage->rate.millionths >= 0, "a stage is in range");
  const auto printed_text =
      std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(stage->length).count()) +
      "us:" + std::to_string(stage->rate.millionths / 1'000'000) + (stage->is_step ? ":step" : "");
  const auto again = loadgen::stage_parser().parse(printed_text);
  require(again && again->is_step == stage->is_step, "parsing a printed stage returns a stage");
}

void check_targets(std::string_view text) {
  const auto url = loadgen::parse_http_url(text);
  if (url) {
    require(!url->has_userinfo() && !url->has_fragment() && !url->host().empty(),
            "a URL has a host and no user information");
    const auto again = loadgen::parse_http_url(url->buffer());
    require(again && again->buffer() == url->buffer(), "parsing a printed URL returns the same URL");
  }
  const auto target = loadgen::parse_target_url(text);
  if (!target) return;
  require(target->weight >= 1 && target->weight <= 1000, "a weight is in range");
  require(target->name.empty() || loadgen::is_target_name(target->name), "a name is valid");
}

void check_fields(std::string_view text) {
  const auto field = loadgen::header_parser().parse(text);
  require(!field || (http::is_token(field->first) && http::is_field_value(field->second)), "a header field is valid");
  const auto method = loadgen::method_parser().parse(text);
  require(!method || http::is_token(text), "a method is a token");
}

void check_connections(std::string_view text) {
  const auto resolved = loadgen::resolve_parser().parse(text);
  require(!resolved || (!resolved->host.empty() && resolved->port != 0 && !resolved->addresses.empty()),
          "a resolved host has addresses");
  loadgen::connect_to_parser().parse(text);
  const auto name = loadgen::server_name_parser().parse(text);
  require(!name || name->find_first_of("[]/@ ") == std::string::npos, "a server name is a host");
}

void check_objective(std::string_view text) {
  const auto objective = loadgen::parse_objective(text);
  if (!objective) {
    require(objective.error().find(" is not a valid objective: ") != std::string::npos, "an error has a description");
    return;
  }
  require(objective->percent > 0 && objective->percent <= 100 && objective->limit >= 0, "an objective is in range");
  require(!loadgen::is_ratio(objective->measured) || objective->limit <= 1, "a ratio is at most 1");
}

void run(std::string_view input) {
  check_times(input);
  check_targets(input);
  check_fields(input);
  check_connections(input);
  check_objective(input);
}

const registration fuzz_registration{{"loadgen_options", run}};

}  // namespace
}  // namespace cohort::fuzz::loadgen_options_target
