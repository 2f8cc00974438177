// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/deadline_admission.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::deadline_admission;

using test::start;

deadline_admission make_admission(int count, duration latency) {
  deadline_admission admission;
  for (int i = 0; i < count; ++i) admission.record(latency, start);
  return admission;
}

TEST_CASE("deadline admission: rejects a request with less remaining time than the median latency",
          "[policy][deadline_admission]") {
  auto admission = make_admission(20, 100ms);
  const auto required = admission.required_time(10ms, start);
  REQUIRE(required.has_value());
  // The estimate is at most the median, so a request that might complete in time is not rejected.
  CHECK(*required <= 100ms);
  CHECK(*required >= 84ms);
  CHECK(admission.required_time(*required - 1ns, start) == required);
  CHECK_FALSE(admission.required_time(*required, start).has_value());
  CHECK_FALSE(admission.required_time(1h, start).has_value());
  CHECK(admission.required_time(0s, start) == required);
}

TEST_CASE("deadline admission: a minority of slow requests causes no rejections", "[policy][deadline_admission]") {
  auto admission = make_admission(60, 1ms);
  for (int i = 0; i < 40; ++i) admission.record(10s, start);
  CHECK_FALSE(admission.required_time(10ms, start).has_value());
}

TEST_CASE("deadline admission: a minority of fast requests does not prevent rejections",
          "[policy][deadline_admission]") {
  auto admission = make_admission(60, 10s);
  for (int i = 0; i < 40; ++i) admission.record(1ms, start);
  CHECK(admission.required_time(1s, start).has_value());
}

TEST_CASE("deadline admission: admits every request while there are too few samples", "[policy][deadline_admission]") {
  auto admission = make_admission(19, 10s);
  CHECK_FALSE(admission.required_time(1ns, start).has_value());
  admission.record(10s, start);
  CHECK(admission.required_time(1ns, start).has_value());
  deadline_admission admission_after_three_samples{3};
  for (int i = 0; i < 3; ++i) admission_after_three_samples.record(10s, start);
  CHECK(admission_after_three_samples.required_time(1ns, start).has_value());
}

TEST_CASE("deadline admission: slow latencies cause rejections for ten seconds at most",
          "[policy][deadline_admission]") {
  auto admission = make_admission(1000, 10s);
  CHECK(admission.required_time(1s, start + 4s).has_value());
  CHECK_FALSE(admission.required_time(1s, start + 10s).has_value());
}

}  // namespace
}  // namespace cohort
