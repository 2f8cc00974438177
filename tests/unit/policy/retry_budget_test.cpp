// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/retry/retry_budget.hpp>

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <vector>

#include <cohort/runtime/random.hpp>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using Catch::Approx;
using policy::retry_budget;

using test::start;

void deposit(retry_budget& budget, int calls, time_point now) {
  for (int i = 0; i < calls; ++i) budget.deposit(now);
}

int withdraw_all(retry_budget& budget, time_point now) {
  int count = 0;
  while (count < 10'000 && budget.withdraw(now)) ++count;
  return count;
}

TEST_CASE("retry budget: permits retries for a fifth of the calls, plus one retry per second",
          "[policy][retry_budget]") {
  const auto [settings, calls, withdrawals] = GENERATE(table<retry_budget::settings, int, int>({
      {{}, 0, 10},
      {{}, 4, 10},
      {{}, 5, 11},
      {{}, 1000, 210},
      {{.min_per_second = 0}, 0, 0},
      {{.min_per_second = 0}, 4, 0},
      {{.ratio = 0.29, .min_per_second = 0}, 100, 29},  // the product in doubles is slightly less than 29
      {{.ratio = 0}, 1000, 10},
      {{.ratio = 0.1, .min_per_second = 0}, 30, 3},
      {{.ratio = 0, .min_per_second = 0.5, .window = 4s}, 1000, 2},
  }));
  retry_budget budget{settings};
  deposit(budget, calls, start);
  CHECK(budget.balance(start) == Approx(settings.ratio * calls + settings.min_per_second * (settings.window / 1.0s)));
  CHECK(withdraw_all(budget, start) == withdrawals);
  CHECK(budget.balance(start) < 1);
}

TEST_CASE("retry budget: withdrawals expire after the window, and not before", "[policy][retry_budget]") {
  retry_budget budget{{.ratio = 0}};
  REQUIRE(withdraw_all(budget, start) == 10);
  CHECK(withdraw_all(budget, start + 10s) == 0);
  CHECK(withdraw_all(budget, start + 11s) == 10);
  CHECK(withdraw_all(budget, start + 1000h) == 10);
}

TEST_CASE("retry budget: deposits expire after the window", "[policy][retry_budget]") {
  retry_budget budget{{.min_per_second = 0}};
  deposit(budget, 100, start);
  CHECK(budget.balance(start + 9s) == Approx(20));
  CHECK(budget.balance(start + 10s) == 0);
}

TEST_CASE("retry budget: the balance is not negative when deposits expire before withdrawals",
          "[policy][retry_budget]") {
  retry_budget budget{{.min_per_second = 0}};
  deposit(budget, 100, start);
  REQUIRE(withdraw_all(budget, start + 9s) == 20);
  CHECK(budget.balance(start + 10s) == 0);
  deposit(budget, 110, start + 10s);
  CHECK(budget.balance(start + 10s) == Approx(2));
}

TEST_CASE("retry budget: a rejected withdrawal leaves the balance unchanged", "[policy][retry_budget]") {
  retry_budget budget{{.min_per_second = 0}};
  for (int i = 0; i < 100; ++i) CHECK_FALSE(budget.withdraw(start));
  deposit(budget, 5, start);
  CHECK(budget.withdraw(start));
}

TEST_CASE("retry budget: time that goes backwards has no effect", "[policy][retry_budget]") {
  retry_budget budget{{}};
  REQUIRE(withdraw_all(budget, start) == 10);
  CHECK_FALSE(budget.withdraw(start - 30min));
  CHECK_FALSE(budget.withdraw(start));
}

/// A reference implementation of the rule, which evaluates all recorded times.
class exact_budget {
 public:
  explicit exact_budget(retry_budget::settings settings) : settings_(settings) {}

  double allowed(time_point now, duration window) const {
    return settings_.ratio * static_cast<double>(count_within(calls_, now, window)) +
           settings_.min_per_second * (settings_.window / 1.0s);
  }
  double withdrawals_within(time_point now, duration window) const {
    return static_cast<double>(count_within(withdrawals_, now, window));
  }
  void deposit(time_point now) { calls_.push_back(now); }
  void withdraw(time_point now) { withdrawals_.push_back(now); }

 private:
  static std::ptrdiff_t count_within(const std::vector<time_point>& times, time_point now, duration window) {
    return std::ranges::count_if(times, [&](time_point at) { return now - at < window; });
  }

  retry_budget::settings settings_;
  std::vector<time_point> calls_;
  std::vector<time_point> withdrawals_;
};

TEST_CASE("retry budget: random event sequences stay within a tenth of the exact rule", "[policy][retry_budget]") {
  random_generator random{GENERATE(range(std::uint64_t{0}, std::uint64_t{30}))};
  const retry_budget::settings settings{
      .ratio = random.uniform(), .min_per_second = random.uniform() * 3, .window = 2s};
  retry_budget budget{settings};
  exact_budget exact{settings};
  auto now = start;
  int withdrawal_count = 0;
  int rejected_count = 0;
  for (int i = 0; i < 1500; ++i) {
    now += random.bernoulli(0.01) ? random.uniform_between(0s, 5s) : random.uniform_between(0ms, 20ms);
    if (random.bernoulli(random.bernoulli(0.5) ? 0.7 : 0.3)) {
      budget.deposit(now);
      exact.deposit(now);
      continue;
    }
    CHECK(budget.balance(now) >= 0);
    // Calls count for at least nine tenths of the window, and withdrawals for at most eleven tenths.
    const bool is_strictly_allowed = exact.withdrawals_within(now, settings.window / 10 * 11) + 1 <=
                                     exact.allowed(now, settings.window / 10 * 9) - 1e-6;
    if (budget.withdraw(now)) {
      ++withdrawal_count;
      REQUIRE(exact.withdrawals_within(now, settings.window) + 1 <= exact.allowed(now, settings.window) + 1e-6);
      exact.withdraw(now);
    } else {
      ++rejected_count;
      REQUIRE_FALSE(is_strictly_allowed);
    }
  }
  CHECK(withdrawal_count > 0);
  CHECK(rejected_count > 0);
}

}  // namespace
}  // namespace cohort
