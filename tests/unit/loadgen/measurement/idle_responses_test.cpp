// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "loadgen/measurement/idle_responses.hpp"
#include "tests/unit/loadgen/load_fixture.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

TEST_CASE("idle responses: requests are grouped by the idle time before them", "[loadgen][measurement]") {
  idle_responses responses;
  for (const auto& [idle, response] :
       {std::pair<duration, duration>{20ms, 9ms}, {1100us, 700us}, {1300us, 500us}, {1200us, 600us}}) {
    responses.record(idle, response);
  }
  const auto groups = responses.summarize();
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].idle_us == 1200);
  CHECK(groups[0].count == 3);
  CHECK(groups[0].p50_us == 600);
  CHECK(groups[1].idle_us == 20'000);
  CHECK(groups[1].count == 1);
  CHECK(groups[1].p50_us == 9000);
  CHECK(idle_responses{}.summarize().empty());
}

TEST_CASE("idle responses: the responses of several recorders are added, up to 100,000", "[loadgen][measurement]") {
  idle_responses first;
  idle_responses second;
  for (int i = 0; i < 60'000; ++i) {
    first.record(1ms, 1ms);
    second.record(100us, 2ms);
  }
  first.add(second);
  const auto groups = first.summarize();
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].count == 40'000);
  CHECK(groups[1].count == 60'000);
}

TEST_CASE("load run: a request has an idle time if no other request is in flight at its intended start",
          "[loadgen][engine]") {
  test::load_fixture fixture;
  // The response to the request of 200 ms arrives after 150 ms, so that the next request has no idle time.
  fixture.serve_delayed([](duration since_start) { return since_start > 150ms && since_start < 250ms ? 150ms : 20ms; });
  auto settings = test::constant_load(10, 500ms);
  const auto groups = fixture.run(settings).totals.idle_response_times.summarize();
  std::uint64_t count = 0;
  for (const auto& group : groups) count += group.count;
  // Five requests: the first one has no idle time either.
  REQUIRE(count == 3);
  CHECK(groups.front().idle_us > 25'000);
  CHECK(groups.front().p50_us >= 20'000);
  CHECK(groups.back().idle_us > 70'000);
  CHECK(groups.back().idle_us < 85'000);
}

}  // namespace
}  // namespace cohort::loadgen
