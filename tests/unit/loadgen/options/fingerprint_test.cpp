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
  auto extended = base;
  extended.insert(extended.end(), {"--json", "x", "--csv", "y", "--slo", "p99<1s", "--quiet", "--no-preflight",
                                   "--seed", "5", "--server-metrics", "http://h/metrics", "--metrics-port", "0"});
  CHECK(parse_valid(extended).fingerprint == expected);
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
  const auto with = [](argument_list arguments, const argument_list& new_argument_list) {
    arguments.insert(arguments.end(), new_argument_list.begin(), new_argument_list.end());
    return arguments;
  };
  const std::vector<argument_list> command_lines{
      base,
      with(targets, {"-m", "stress"}),
      with(base, {"-r", "6"}),
      with(base, {"-r", "5.000001"}),
      with(base, {"-d", "61"}),
      with(targets, {"-r", "max"}),
      stages,
      with(targets, {"--stage", "10s:100", "--stage", "10s:51"}),
      with(targets, {"--stage", "10s:100", "--stage", "11s:50"}),
      with(targets, {"--stage", "10s:100", "--stage", "10s:50.01"}),
      with(targets, {"--stage", "10s:100.4", "--stage", "10s:50"}),
      with(targets, {"--stage", "10s:100.40001", "--stage", "10s:50"}),
      with(base, {"-r", "123456.123456"}),
      with(base, {"-r", "123456.123457"}),
      with(targets, {"--stage", "11s:100", "--stage", "9s:50"}),
      with(targets, {"--stage", "10s:100:step", "--stage", "10s:50"}),
      poisson,
      with(poisson, {"--seed", "2"}),
      with(base, {"-c", "255"}),
      with(base, {"-t", "2"}),
      with(base, {"--timeout", "9s"}),
      with(base, {"--deadline", "1s"}),
      with(base, {"--deadline", "2s"}),
      with(base, {"--no-keep-alive"}),
      with(base, {"--method", "PUT"}),
      with(base, {"--body", "x"}),
      with(base, {"--body", "y"}),
      with(base, {"--expect-body", "x"}),
      with(base, {"-H", "X-A: 1"}),
      with(base, {"-H", "X-A: 2"}),
      with(base, {"--target", "c=http://h/c"}),
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
