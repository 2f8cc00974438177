// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/overload/bulkhead.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort {
namespace {

using policy::bulkhead;

TEST_CASE("bulkhead: admits up to its limit of concurrent calls", "[policy][bulkhead]") {
  bulkhead calls{2};
  CHECK(calls.try_acquire());
  CHECK(calls.try_acquire());
  CHECK(calls.in_flight() == 2);
  CHECK_FALSE(calls.try_acquire());
  CHECK_FALSE(calls.try_acquire());
  CHECK(calls.in_flight() == 2);
  calls.release();
  CHECK(calls.in_flight() == 1);
  CHECK(calls.try_acquire());
  CHECK_FALSE(calls.try_acquire());
}

TEST_CASE("bulkhead: a limit of zero rejects every call", "[policy][bulkhead]") {
  bulkhead calls{0};
  CHECK_FALSE(calls.try_acquire());
}

}  // namespace
}  // namespace cohort
