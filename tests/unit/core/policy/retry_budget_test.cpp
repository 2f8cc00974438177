#include "core/policy/retry_budget.hpp"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <vector>

#include "core/runtime/random.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;
using policy::retry_budget;

constexpr time_point start{1h};

void deposit(retry_budget& budget, int calls, time_point now) {
  for (int i = 0; i < calls; ++i) budget.deposit(now);
}

int withdrawn_at(retry_budget& budget, time_point now) {
  int count = 0;
  while (count < 10'000 && budget.withdraw(now)) ++count;
  return count;
}

TEST_CASE("A fifth of the calls may be made again, and one a second whatever is called") {
  const auto [how, calls, extra] = GENERATE(table<retry_budget::settings, int, int>({
      {{}, 0, 10},
      {{}, 4, 10},
      {{}, 5, 11},
      {{}, 1000, 210},
      {{.per_second = 0}, 0, 0},
      {{.per_second = 0}, 4, 0},
      {{.ratio = 0.29, .per_second = 0}, 100, 29},  // not quite 29 in doubles
      {{.ratio = 0}, 1000, 10},
      {{.ratio = 0.1, .per_second = 0}, 30, 3},
      {{.ratio = 0, .per_second = 0.5, .window = 4s}, 1000, 2},
  }));
  retry_budget budget{how};
  deposit(budget, calls, start);
  CHECK(budget.balance(start) == Approx(how.ratio * calls + how.per_second * (how.window / 1.0s)));
  CHECK(withdrawn_at(budget, start) == extra);
  CHECK(budget.balance(start) < 1);
}

TEST_CASE("What was drawn comes back once it is older than the window, and not before") {
  retry_budget budget{{.ratio = 0}};
  REQUIRE(withdrawn_at(budget, start) == 10);
  CHECK(withdrawn_at(budget, start + 10s) == 0);
  CHECK(withdrawn_at(budget, start + 11s) == 10);
  CHECK(withdrawn_at(budget, start + 1000h) == 10);
}

TEST_CASE("Calls older than the window pay for nothing") {
  retry_budget budget{{.per_second = 0}};
  deposit(budget, 100, start);
  CHECK(budget.balance(start + 9s) == Approx(20));
  CHECK(budget.balance(start + 10s) == 0);
}

TEST_CASE("A debt that outlives the calls it was drawn on is not a negative balance") {
  retry_budget budget{{.per_second = 0}};
  deposit(budget, 100, start);
  REQUIRE(withdrawn_at(budget, start + 9s) == 20);
  CHECK(budget.balance(start + 10s) == 0);
  deposit(budget, 110, start + 10s);
  CHECK(budget.balance(start + 10s) == Approx(2));
}

TEST_CASE("A refused retry costs nothing") {
  retry_budget budget{{.per_second = 0}};
  for (int i = 0; i < 100; ++i) CHECK_FALSE(budget.withdraw(start));
  deposit(budget, 5, start);
  CHECK(budget.withdraw(start));
}

TEST_CASE("Time that goes backwards changes nothing") {
  retry_budget budget{{}};
  REQUIRE(withdrawn_at(budget, start) == 10);
  CHECK_FALSE(budget.withdraw(start - 30min));
  CHECK_FALSE(budget.withdraw(start));
}

/// The rule as it is written, on times that are all kept.
class exact_budget {
 public:
  explicit exact_budget(retry_budget::settings how) : how_(how) {}

  double allowed(time_point now, duration window) const {
    return how_.ratio * static_cast<double>(within(calls_, now, window)) + how_.per_second * (how_.window / 1.0s);
  }
  double drawn(time_point now, duration window) const { return static_cast<double>(within(drawn_, now, window)); }
  void deposit(time_point now) { calls_.push_back(now); }
  void withdraw(time_point now) { drawn_.push_back(now); }

 private:
  static std::ptrdiff_t within(const std::vector<time_point>& times, time_point now, duration window) {
    return std::ranges::count_if(times, [&](time_point at) { return now - at < window; });
  }

  retry_budget::settings how_;
  std::vector<time_point> calls_;
  std::vector<time_point> drawn_;
};

TEST_CASE("Whatever happens, no more is drawn than the rule allows, and no less than it allows a tenth stricter") {
  random_source random{GENERATE(range(std::uint64_t{0}, std::uint64_t{30}))};
  const retry_budget::settings how{.ratio = random.unit(), .per_second = random.unit() * 3, .window = 2s};
  retry_budget budget{how};
  exact_budget exact{how};
  auto now = start;
  int drawn = 0;
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    now += random.chance(0.01) ? random.between(0s, 5s) : random.between(0ms, 20ms);
    if (random.chance(random.chance(0.5) ? 0.7 : 0.3)) {
      budget.deposit(now);
      exact.deposit(now);
      continue;
    }
    CHECK(budget.balance(now) >= 0);
    // Calls count for at least nine tenths of the window, what was drawn for at most eleven.
    const bool strictly_allowed =
        exact.drawn(now, how.window / 10 * 11) + 1 <= exact.allowed(now, how.window / 10 * 9) - 1e-6;
    if (budget.withdraw(now)) {
      ++drawn;
      REQUIRE(exact.drawn(now, how.window) + 1 <= exact.allowed(now, how.window) + 1e-6);
      exact.withdraw(now);
    } else {
      ++refused;
      REQUIRE_FALSE(strictly_allowed);
    }
  }
  CHECK(drawn > 0);
  CHECK(refused > 0);
}

}  // namespace
}  // namespace cohort
