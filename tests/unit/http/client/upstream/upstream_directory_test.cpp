// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/upstream_directory.hpp>

#include <catch2/catch_test_macros.hpp>

namespace cohort::http {
namespace {

struct counting_entry final : upstream_directory::entry {
  upstream_status status(time_point) override { return {}; }
  void on_directory_destroyed() noexcept override { ++destroyed; }
  int destroyed = 0;
};

TEST_CASE("upstream directory: the destructor detaches the remaining entries", "[http][upstream]") {
  counting_entry left;
  counting_entry removed;
  {
    upstream_directory directory;
    directory.add(0, left);
    directory.add(0, removed);
    directory.remove(removed);
  }
  CHECK(left.destroyed == 1);
  CHECK(removed.destroyed == 0);
}

}  // namespace
}  // namespace cohort::http
