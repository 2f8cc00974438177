#include "core/telemetry/trace_context.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>
#include <string>

namespace cohort::telemetry {
namespace {

template <std::size_t length>
std::string text_of(const std::array<char, length>& of) {
  return {of.data(), of.size()};
}

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string parent = "b7ad6b7169203331";
const std::string good = "00-" + trace + "-" + parent + "-01";

TEST_CASE("A traceparent is taken where it is exactly what the standard says") {
  const auto [value, sampled] = GENERATE(table<std::string, bool>({
      {good, true},
      {"00-" + trace + "-" + parent + "-00", false},
      {"00-" + trace + "-" + parent + "-02", false},
      {"00-" + trace + "-" + parent + "-03", true},
      {"00-" + trace + "-" + parent + "-ff", true},
      // A version to come is taken for what version 00 knows of it.
      {"01-" + trace + "-" + parent + "-01", true},
      {"cc-" + trace + "-" + parent + "-01-what-the-future-will-be-like", true},
      {"fe-" + trace + "-" + parent + "-00-", false},
  }));
  CAPTURE(value);
  const auto got = parse_traceparent(value);
  REQUIRE(got.has_value());
  CHECK(got->id == trace_id{0x0af7651916cd43ddU, 0x8448eb211c80319cU});
  CHECK(text_of(got->id.hex()) == trace);
  CHECK(got->sampled == sampled);
}

TEST_CASE("A traceparent that is anything else is none") {
  const auto value = GENERATE(
      as<std::string>{}, "", "00", good.substr(0, 54), good + " ", good + "-", good + "-more",
      "ff-" + trace + "-" + parent + "-01", "01-" + trace + "-" + parent + "-01.more",
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

TEST_CASE("Half a trace id may be zeros") {
  const auto low = parse_traceparent("00-0000000000000000000000000000000f-" + parent + "-01");
  REQUIRE(low.has_value());
  CHECK(text_of(low->id.hex()) == "0000000000000000000000000000000f");
  const auto high = parse_traceparent("00-f0000000000000000000000000000000-" + parent + "-01");
  REQUIRE(high.has_value());
  CHECK(text_of(high->id.hex()) == "f0000000000000000000000000000000");
}

TEST_CASE("A trace that begins here is sampled, and no two have the same id") {
  random_source chance{7};
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto made = begin_trace(chance);
    CHECK(made.sampled);
    CHECK(made.id);
    CHECK(made.state.empty());
    seen.insert(text_of(made.id.hex()).substr(0, 16));
    seen.insert(text_of(made.id.hex()).substr(16));
  }
  CHECK(seen.size() == 2000);
}

TEST_CASE("A call is told its trace, whether that is sampled, and a parent id of its own") {
  random_source chance{7};
  const auto sampled = GENERATE(true, false);
  const trace_context of{.id = {0x0af7651916cd43ddU, 0x8448eb211c80319cU}, .sampled = sampled};
  std::set<std::string> parents;
  for (int i = 0; i < 100; ++i) {
    const auto told = text_of(format_traceparent(of, chance));
    CHECK(told.substr(0, 36) == "00-" + trace + "-");
    CHECK(told.substr(52) == (sampled ? "-01" : "-00"));
    const auto heard = parse_traceparent(told);
    REQUIRE(heard.has_value());
    CHECK(heard->id == of.id);
    CHECK(heard->sampled == sampled);
    parents.insert(told.substr(36, 16));
  }
  CHECK(parents.size() == 100);
}

TEST_CASE("Not even the worst of chances makes an id of zeros") {
  // Of this seed the first number is zero.
  constexpr std::uint64_t seed = 0 - 0x9E3779B97F4A7C15U;
  REQUIRE(random_source{seed}.next() == 0);
  random_source chance{seed};
  const auto told = text_of(format_traceparent({.id = {1, 2}, .sampled = true}, chance));
  CHECK(parse_traceparent(told).has_value());
}

TEST_CASE("A tracestate is passed on if it is printable and no longer than it has to be") {
  const auto [value, sane] = GENERATE(table<std::string, bool>({
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
  CHECK(is_sane_tracestate(value) == sane);
}

}  // namespace
}  // namespace cohort::telemetry
