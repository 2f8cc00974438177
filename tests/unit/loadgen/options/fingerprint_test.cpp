// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/fingerprint.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "tests/unit/loadgen/cli/parsed_command.hpp"

namespace cohort {
namespace {

using namespace test;
using field_list = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("fingerprint: does not depend on the key, the outputs and the objectives", "[loadgen][options]") {
  const argument_list base{"--target", "a=http://h/a", "--target", "b=http://h/b@2", "--body", "x", "--method", "POST"};
  const auto expected = parse_valid(base).fingerprint;
  CHECK(parse_valid(base).fingerprint == expected);
  CHECK(parse_valid(base, {{"API_KEY", "one"}}).fingerprint == expected);
  CHECK(parse_valid(base, {{"API_KEY", "two"}, {"TIME_SERVICE_URL", "http://elsewhere"}}).fingerprint == expected);
  auto extended_arguments = base;
  extended_arguments.insert(extended_arguments.end(),
                            {"--json", "x", "--csv", "y", "--slo", "p99<1s", "--quiet", "--no-preflight", "--seed", "5",
                             "--server-metrics", "http://h/metrics", "--metrics-port", "0"});
  CHECK(parse_valid(extended_arguments).fingerprint == expected);
  std::set<std::string> names;
  for (const auto& [name, value] : expected) CHECK(names.insert(name).second);
  CHECK(expected.front() == std::pair<std::string, std::string>{"mode", "balanced"});
}

TEST_CASE("fingerprint: depends on every option that affects the load", "[loadgen][options]") {
  const argument_list base{"-m", "ramp", "--target", "a=http://h/a", "--target", "b=http://h/b@2"};
  const argument_list stages{"--stage",  "10s:100",      "--stage",  "10s:50",
                             "--target", "a=http://h/a", "--target", "b=http://h/b@2"};
  const argument_list poisson{"-m",       "ramp",         "--arrivals", "poisson",
                              "--target", "a=http://h/a", "--target",   "b=http://h/b@2"};
  const argument_list targets{"--target", "a=http://h/a", "--target", "b=http://h/b@2"};
  const auto concatenate = [](argument_list arguments, const argument_list& new_argument_list) {
    arguments.insert(arguments.end(), new_argument_list.begin(), new_argument_list.end());
    return arguments;
  };
  const std::vector<argument_list> command_lines{
      base,
      concatenate(targets, {"-m", "stress"}),
      concatenate(base, {"-r", "6"}),
      concatenate(base, {"-r", "5.000001"}),
      concatenate(base, {"-d", "61"}),
      concatenate(targets, {"-r", "max"}),
      stages,
      concatenate(targets, {"--stage", "10s:100", "--stage", "10s:51"}),
      concatenate(targets, {"--stage", "10s:100", "--stage", "11s:50"}),
      concatenate(targets, {"--stage", "10s:100", "--stage", "10s:50.01"}),
      concatenate(targets, {"--stage", "10s:100.4", "--stage", "10s:50"}),
      concatenate(targets, {"--stage", "10s:100.40001", "--stage", "10s:50"}),
      concatenate(base, {"-r", "123456.123456"}),
      concatenate(base, {"-r", "123456.123457"}),
      concatenate(targets, {"--stage", "11s:100", "--stage", "9s:50"}),
      concatenate(targets, {"--stage", "10s:100:step", "--stage", "10s:50"}),
      poisson,
      concatenate(poisson, {"--seed", "2"}),
      concatenate(base, {"-c", "255"}),
      concatenate(base, {"-t", "2"}),
      concatenate(base, {"--timeout", "9s"}),
      concatenate(base, {"--deadline", "1s"}),
      concatenate(base, {"--deadline", "2s"}),
      concatenate(base, {"--no-keep-alive"}),
      concatenate(base, {"--method", "PUT"}),
      concatenate(base, {"--body", "x"}),
      concatenate(base, {"--body", "y"}),
      concatenate(base, {"--expect-body", "x"}),
      concatenate(base, {"-H", "X-A: 1"}),
      concatenate(base, {"-H", "X-A: 2"}),
      concatenate(base, {"--target", "c=http://h/c"}),
      {"-m", "ramp", "--target", "a=http://h/a"},
      {"-m", "ramp", "--target", "a=http://h/a", "--target", "b=http://h/b@3"},
      {"-m", "ramp", "--target", "a=http://h/a", "--target", "c=http://h/b@2"},
      {"-m", "ramp", "--target", "a=http://h/a", "--target", "b=http://h/b?q@2"},
      {"-m", "ramp", "--target", "b=http://h/b@2", "--target", "a=http://h/a"},
  };
  std::set<field_list> fingerprints;
  for (const auto& arguments : command_lines) {
    CAPTURE(arguments);
    CHECK(fingerprints.insert(parse_valid(arguments).fingerprint).second);
  }
}

}  // namespace
}  // namespace cohort
