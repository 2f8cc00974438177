#include "core/policy/bulkhead.hpp"

#include <catch2/catch_test_macros.hpp>

namespace cohort {
namespace {

using policy::bulkhead;

TEST_CASE("So many are inside at once and no more") {
  bulkhead hall{2};
  CHECK(hall.try_enter());
  CHECK(hall.try_enter());
  CHECK(hall.inside() == 2);
  CHECK_FALSE(hall.try_enter());
  CHECK_FALSE(hall.try_enter());
  CHECK(hall.inside() == 2);
  hall.leave();
  CHECK(hall.inside() == 1);
  CHECK(hall.try_enter());
  CHECK_FALSE(hall.try_enter());
}

TEST_CASE("A bulkhead for nobody is always full") {
  bulkhead hall{0};
  CHECK_FALSE(hall.try_enter());
}

}  // namespace
}  // namespace cohort
