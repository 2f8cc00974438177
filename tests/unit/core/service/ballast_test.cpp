#include "core/service/ballast.hpp"

#include <catch2/catch_test_macros.hpp>
#include <limits>

#include "core/runtime/virtual_time.hpp"

namespace cohort::service {
namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

TEST_CASE("Ballast becomes resident piece by piece, so that the loop's other work gets its turn") {
  virtual_time time;
  ballast held{time.main_loop()};
  REQUIRE(held.resize(10 * mebibyte));
  CHECK(held.resident_bytes() == 0);
  std::size_t pieces = 0;
  for (std::size_t before = 0; held.resident_bytes() < 10 * mebibyte; before = held.resident_bytes()) {
    time.run_for(std::chrono::milliseconds{1});
    CHECK(held.resident_bytes() > before);
    CHECK(held.resident_bytes() - before <= 8 * mebibyte);
    REQUIRE(++pieces < 100);
  }
  CHECK(pieces > 1);
  CHECK(held.resident_bytes() == 10 * mebibyte);
  CHECK(time.main_loop().timers().armed_count() == 0);
}

TEST_CASE("Ballast of the same size stays as it is, another size begins anew, none at all is gone at once") {
  virtual_time time;
  ballast held{time.main_loop()};
  REQUIRE(held.resize(3 * mebibyte));
  time.run_until_idle();
  REQUIRE(held.resize(3 * mebibyte));
  CHECK(held.resident_bytes() == 3 * mebibyte);
  REQUIRE(held.resize(5 * mebibyte));
  CHECK(held.resident_bytes() == 0);
  REQUIRE(held.resize(0));
  CHECK(time.main_loop().timers().armed_count() == 0);
  time.run_until_idle();
  CHECK(held.resident_bytes() == 0);
}

TEST_CASE("Ballast that cannot be had is none") {
  virtual_time time;
  ballast held{time.main_loop()};
  CHECK_FALSE(held.resize(std::numeric_limits<std::size_t>::max() / 2));
  time.run_until_idle();
  CHECK(held.resident_bytes() == 0);
  CHECK(held.resize(mebibyte));
}

}  // namespace
}  // namespace cohort::service
