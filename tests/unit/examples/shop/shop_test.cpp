// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>

#include <cohort/testing/deadlines.hpp>
#include "tests/unit/examples/shop/shop_fleet.hpp"

using namespace cohort;

// Returns the schedule of the first failing seed.
static sim::schedule find_failing_schedule() {
  for (std::uint64_t seed = 1;; ++seed) {
    auto drawn = shop::draw(seed);
    if (!shop::run(drawn).empty()) return drawn;
  }
}

// Returns the text of shrunk_test.cpp without its first line.
static std::string committed_test() {
  const auto path = std::string{__FILE__};
  std::ifstream file{path.substr(0, path.rfind('/')) + "/shrunk_test.cpp"};
  std::string first_line;
  std::getline(file, first_line);
  return {std::istreambuf_iterator<char>{file}, {}};
}

TEST_CASE("shop example: a failing seed is reduced to a fault and a request", "[examples][sim]") {
  const auto shrunk = sim::shrink(find_failing_schedule(), shop::run);
  INFO(sim::to_text(shrunk.schedule));
  CHECK(shrunk.failure == "unexpected response of /stock");
  CHECK(shrunk.schedule.events.size() == 2);
  // The file is compiled together with this file, and its tag `!shouldfail` makes Catch2 check that it fails.
  const sim::test_template parts{.headers = {"\"tests/unit/examples/shop/shop_fleet.hpp\""},
                                 .run_function = "shop::run",
                                 .tags = "[examples][sim][!shouldfail]"};
  CHECK(sim::to_catch2_test(shrunk, parts) == committed_test());
}

TEST_CASE("shop example: an audit finds no violated deadline", "[examples][sim]") {
  sim::fleet fleet{1};
  sim::deadline_audit audit{fleet};
  fleet.add_stub_server("price", 80, shop::upstream_routes);
  for (int i = 0; i < 2; ++i) fleet.add_stub_server("stock", 80, shop::upstream_routes);
  fleet.add_service(shop::definition, "shop");
  const auto drawn = shop::draw(1);  // with its faults
  sim::play(fleet, drawn);
  fleet.run_for(drawn.length() + std::chrono::seconds{40});
  testing::require_no_deadline_violations(audit);
}
