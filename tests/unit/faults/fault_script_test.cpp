// SPDX-License-Identifier: BSL-1.0
#include <cohort/faults/fault_script.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::faults {
namespace {

using namespace std::chrono_literals;
using kind = link_fault::kind;

TEST_CASE("fault_script: the text of each fault parses to the same fault", "[faults][script]") {
  for (const auto& fault : {
           link_fault{},
           link_fault{.type = kind::latency, .delay = 250ms},
           link_fault{.type = kind::bandwidth, .bytes = 1000},
           link_fault{.type = kind::slice, .bytes = 1},
           link_fault{.type = kind::reset, .bytes = 0},
           link_fault{.type = kind::reset, .bytes = 17},
           link_fault{.type = kind::half_open},
           link_fault{.type = kind::black_hole, .bytes = 100},
           link_fault{.type = kind::garbage},
           link_fault{.type = kind::cut_header, .bytes = 5},
           link_fault{.type = kind::cut_body, .bytes = 0},
       }) {
    const auto text = to_text(fault);
    CAPTURE(text);
    const auto parsed = parse_link_fault(text);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == fault);
  }
  CHECK(parse_link_fault("  reset ")->bytes == 0);
  CHECK(parse_link_fault("cut-header")->bytes == 20);
  CHECK(parse_link_fault("cut-body")->bytes == 1);
  CHECK(parse_link_fault("latency 2s")->delay == 2s);
}

TEST_CASE("fault_script: an invalid fault is rejected with its text and the accepted faults", "[faults][script]") {
  for (const auto* const text :
       {"", "slow", "Reset", "latency", "latency 5", "latency -1s", "latency 25m1s", "latency 2000m", "bandwidth 0",
        "bandwidth 1.5", "slice 0", "slice", "reset x", "half-open 5", "garbage 1", "reset 1 2", "reset 99999999999"}) {
    CAPTURE(text);
    const auto parsed = parse_link_fault(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().starts_with("the fault is \"" + std::string{text} + "\", but must be none, latency TIME, "));
  }
}

TEST_CASE("fault_script: faults are returned in the order of their start times", "[faults][script]") {
  const auto script = parse_fault_script(
      "# start length link fault\r\n"
      "5s 500ms time reset 100 # a comment\r\n"
      "\n"
      "\t1s\t2s\tweather\tlatency\t300ms\n"
      "3s 1m weather half-open");
  REQUIRE(script.has_value());
  REQUIRE(script->size() == 3);
  const auto& first = script->front();
  CHECK(first.start == 1s);
  CHECK(first.length == 2s);
  CHECK(first.link == "weather");
  CHECK(first.fault == link_fault{.type = kind::latency, .delay = 300ms});
  CHECK(script->at(1).length == 1min);
  CHECK(script->at(2).link == "time");
  CHECK(parse_fault_script("")->empty());
}

TEST_CASE("fault_script: the error message for an invalid line starts with the line number", "[faults][script]") {
  struct invalid {
    std::string script;
    std::string message;
  };
  for (const auto& test_case : {
           invalid{"1s 1s weather", "line 1: expected START LENGTH LINK FAULT [PARAMETER], got 3 words"},
           invalid{"#\n1 1s weather garbage",
                   "line 2: start and length are \"1 1s\", but must be durations such as 500ms, 2s or 1m, at most 24 "
                   "hours; the length must exceed 0"},
           invalid{"1s 0s weather garbage",
                   "line 1: start and length are \"1s 0s\", but must be durations such as 500ms, 2s or 1m, at most 24 "
                   "hours; the length must exceed 0"},
           invalid{"1s 2s weather garbage\n2s 1s time garbage\n2999ms 1s weather reset",
                   "line 3: the fault overlaps an earlier fault of the link \"weather\""},
       }) {
    const auto parsed = parse_fault_script(test_case.script);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error() == test_case.message);
  }
  CHECK(parse_fault_script("1s 1s weather nonsense").error().starts_with("line 1: the fault is \"nonsense\""));
  CHECK(parse_fault_script("1s 1s weather garbage\n2s 1s weather garbage").has_value());
}

}  // namespace
}  // namespace cohort::faults
