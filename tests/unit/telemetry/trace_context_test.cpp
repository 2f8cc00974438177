// SPDX-License-Identifier: BSL-1.0
#include <cohort/telemetry/trace_context.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>
#include <string>

#include <cohort/runtime/random.hpp>

namespace cohort::telemetry {
namespace {

template <std::size_t length>
std::string text_of(const std::array<char, length>& characters) {
  return {characters.data(), characters.size()};
}

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string parent = "b7ad6b7169203331";
const std::string valid_value = "00-" + trace + "-" + parent + "-01";

TEST_CASE("traceparent: a valid value is parsed", "[telemetry][trace]") {
  const auto [value, sampled] = GENERATE(table<std::string, bool>({
      {valid_value, true},
      {"00-" + trace + "-" + parent + "-00", false},
      {"00-" + trace + "-" + parent + "-02", false},
      {"00-" + trace + "-" + parent + "-03", true},
      {"00-" + trace + "-" + parent + "-ff", true},
      // The part that version 00 defines is parsed in later versions.
      {"01-" + trace + "-" + parent + "-01", true},
      {"cc-" + trace + "-" + parent + "-01-future-fields", true},
      {"fe-" + trace + "-" + parent + "-00-", false},
  }));
  CAPTURE(value);
  const auto parsed = parse_traceparent(value);
  REQUIRE(parsed.has_value());
  CHECK(parsed->id == trace_id{0x0af7651916cd43ddU, 0x8448eb211c80319cU});
  CHECK(text_of(parsed->id.hex()) == trace);
  CHECK(parsed->is_sampled == sampled);
}

TEST_CASE("traceparent: an invalid value is rejected", "[telemetry][trace]") {
  const auto value = GENERATE(
      as<std::string>{}, "", "00", valid_value.substr(0, 54), valid_value + " ", valid_value + "-",
      valid_value + "-more", "ff-" + trace + "-" + parent + "-01", "01-" + trace + "-" + parent + "-01.more",
      "0-" + trace + "-" + parent + "-010", "0x-" + trace + "-" + parent + "-01", "0A-" + trace + "-" + parent + "-01",
      "00-" + trace + "-" + parent + "-0A", "00-" + trace + "-" + parent + "-.1", "00-" + trace + "_" + parent + "-01",
      "00_" + trace + "-" + parent + "-01", "00-" + trace + "-" + parent + "_01",
      "00-0AF7651916CD43DD8448EB211C80319C-" + parent + "-01", "00-" + trace + "-B7AD6B7169203331-01",
      "00-" + std::string(32, '0') + "-" + parent + "-01", "00-" + trace + "-" + std::string(16, '0') + "-01",
      "00-" + trace.substr(0, 31) + "g-" + parent + "-01",
      "00-" + trace.substr(0, 15) + "/" + trace.substr(16) + "-" + parent + "-01",
      "00-" + trace + "-" + parent.substr(0, 15) + ":-01");
  CAPTURE(value);
  CHECK_FALSE(parse_traceparent(value).has_value());
}

TEST_CASE("traceparent: half of the trace ID may be zero", "[telemetry][trace]") {
  const auto zero_high_half = parse_traceparent("00-0000000000000000000000000000000f-" + parent + "-01");
  REQUIRE(zero_high_half.has_value());
  CHECK(text_of(zero_high_half->id.hex()) == "0000000000000000000000000000000f");
  const auto zero_low_half = parse_traceparent("00-f0000000000000000000000000000000-" + parent + "-01");
  REQUIRE(zero_low_half.has_value());
  CHECK(text_of(zero_low_half->id.hex()) == "f0000000000000000000000000000000");
}

TEST_CASE("trace context: a new trace is sampled and has a unique ID", "[telemetry][trace]") {
  random_generator random{7};
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const auto started_trace = start_trace(random);
    CHECK(started_trace.is_sampled);
    CHECK(started_trace.id);
    CHECK(started_trace.state.empty());
    ids.insert(text_of(started_trace.id.hex()).substr(0, 16));
    ids.insert(text_of(started_trace.id.hex()).substr(16));
  }
  CHECK(ids.size() == 2000);
}

TEST_CASE("traceparent: a formatted value has the trace ID, the sampled flag and a new parent ID",
          "[telemetry][trace]") {
  random_generator random{7};
  const auto is_trace_sampled = GENERATE(true, false);
  const trace_context context{.id = {0x0af7651916cd43ddU, 0x8448eb211c80319cU}, .is_sampled = is_trace_sampled};
  std::set<std::string> parent_ids;
  for (int i = 0; i < 100; ++i) {
    const auto formatted = text_of(format_traceparent(context, random));
    CHECK(formatted.substr(0, 36) == "00-" + trace + "-");
    CHECK(formatted.substr(52) == (is_trace_sampled ? "-01" : "-00"));
    const auto parsed = parse_traceparent(formatted);
    REQUIRE(parsed.has_value());
    CHECK(parsed->id == context.id);
    CHECK(parsed->is_sampled == is_trace_sampled);
    parent_ids.insert(formatted.substr(36, 16));
  }
  CHECK(parent_ids.size() == 100);
}

TEST_CASE("traceparent: a parent ID is never zero", "[telemetry][trace]") {
  // The first random number of this seed is zero.
  constexpr std::uint64_t seed = 0 - 0x9E3779B97F4A7C15U;
  REQUIRE(random_generator{seed}.next() == 0);
  random_generator random{seed};
  const auto formatted = text_of(format_traceparent({.id = {1, 2}, .is_sampled = true}, random));
  CHECK(parse_traceparent(formatted).has_value());
}

TEST_CASE("tracestate: a value is valid if it is printable and has 1 to 512 characters", "[telemetry][trace]") {
  const auto [value, valid] = GENERATE(table<std::string, bool>({
      {"congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", true},
      {"a=~ b", true},
      {std::string(512, 'a'), true},
      {std::string(513, 'a'), false},
      {"", false},
      {"a=\t", false},
      {"a=\x7f", false},
      {"a=\xc3\xa4", false},
  }));
  CAPTURE(value);
  CHECK(is_valid_tracestate(value) == valid);
}

}  // namespace
}  // namespace cohort::telemetry
