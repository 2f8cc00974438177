// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <cohort/runtime/time/timer_wheel.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;

using test::tick;

/// Model-based test: applies random operations to the wheel and to a sorted list of timers, and compares the two.
class wheel_model {
 public:
  explicit wheel_model(std::uint32_t seed) : random_(seed) {
    wheel_.on_earlier_wakeup([this](time_point wakeup) { reported_wakeup_ = std::min(reported_wakeup_, wakeup); });
    for (int i = 0; i < 200; ++i) timers_.push_back(std::make_unique<test_timer>(*this));
  }

  void step() {
    switch (random_below(10)) {
      case 0: apply(*random_timer(), operation::disarm); break;
      case 1: recreate(random_timer()); break;
      case 2:
      case 3:
      case 4:
      case 5: apply(*random_timer(), operation::arm); break;
      default: advance(); break;
    }
    check_next();
  }
  bool is_consistent() const { return mismatches_.empty(); }
  const std::vector<const char*>& mismatches() const { return mismatches_; }
  std::size_t expiration_count() const { return expiration_count_; }

 private:
  struct test_timer {
    explicit test_timer(wheel_model& owning_model) : owner(owning_model), timer(owning_model.wheel_, this) {}
    ~test_timer() { owner.erase_expected(this); }
    void on_expiry() { owner.on_timer_expired(this); }

    wheel_model& owner;
    bound_timer<&test_timer::on_expiry> timer;
  };
  enum class operation { arm, disarm };
  using expected_timers = std::multimap<std::int64_t, test_timer*>;

  std::uint64_t random_below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }
  /// Returns a random duration from nanoseconds to weeks, evenly distributed over the magnitudes.
  duration random_span() {
    return duration{static_cast<std::int64_t>(random_below(std::uint64_t{1} << (1 + random_below(50))))};
  }
  std::unique_ptr<test_timer>& random_timer() { return timers_[random_below(timers_.size())]; }
  void require(bool condition, const char* description) {
    if (!condition) mismatches_.push_back(description);
  }

  static std::int64_t tick_of(time_point when) {
    return (when.time_since_epoch().count() + tick.count() - 1) / tick.count();
  }
  void erase_expected(test_timer* timer_ref) {
    std::erase_if(expected_timers_, [timer_ref](const auto& entry) { return entry.second == timer_ref; });
  }
  void apply(test_timer& timer_ref, operation what) {
    erase_expected(&timer_ref);
    if (what == operation::disarm) return timer_ref.timer.disarm();
    // During a callback, timers are armed only for ticks after that of the expiring timer, which keeps the model
    // simple.
    const auto earliest = expiring_tick_ ? time_point{(*expiring_tick_ + 1) * tick} : now_ - 1s;
    const auto when = earliest + random_span();
    timer_ref.timer.arm(when);
    expected_timers_.emplace(std::max(tick_of(when), now_ticks_), &timer_ref);
  }
  void recreate(std::unique_ptr<test_timer>& timer_ref) {
    timer_ref.reset();
    timer_ref = std::make_unique<test_timer>(*this);
  }
  void on_timer_expired(test_timer* timer_ref) {
    ++expiration_count_;
    const auto found = std::find_if(expected_timers_.begin(), expected_timers_.end(),
                                    [&](auto& entry) { return entry.second == timer_ref; });
    require(found != expected_timers_.end(), "a timer that is not armed expired");
    if (found == expected_timers_.end()) return;
    require(found->first == expected_timers_.begin()->first, "a timer expired before an earlier one");
    require(found->first <= now_.time_since_epoch() / tick, "a timer expired early");
    expiring_tick_ = found->first;
    expected_timers_.erase(found);
    switch (random_below(6)) {
      case 0: apply(*timer_ref, operation::arm); break;
      case 1: apply(*random_timer(), operation::arm); break;
      case 2: apply(*random_timer(), operation::disarm); break;
      case 3:
        if (auto& other = random_timer(); other.get() != timer_ref) recreate(other);
        break;
      default: break;
    }
  }
  void advance() {
    // Advances exactly to the next wakeup in half of the cases, as a loop does.
    const auto wakeup = wheel_.next_wakeup();
    now_ = wakeup && random_below(2) == 0 ? std::max(now_, *wakeup) : now_ + random_span() / 64;
    wheel_.advance(now_);
    expiring_tick_.reset();
    now_ticks_ = now_.time_since_epoch() / tick;
    require(expected_timers_.empty() || expected_timers_.begin()->first > now_ticks_, "an armed timer did not expire");
    reported_wakeup_ = wheel_.next_wakeup().value_or(time_point::max());
  }
  void check_next() {
    require(wheel_.armed_count() == expected_timers_.size(), "the number of armed timers differs");
    if (expected_timers_.empty()) return;
    const time_point first{expected_timers_.begin()->first * tick};
    require(wheel_.next_wakeup().has_value() && *wheel_.next_wakeup() <= first,
            "next_wakeup is later than the first expiry");
    require(reported_wakeup_ <= first, "on_earlier_wakeup reported a wakeup that is too late");
  }

  std::mt19937 random_;
  time_point now_{1h};
  std::int64_t now_ticks_ = now_.time_since_epoch() / tick;
  std::optional<std::int64_t> expiring_tick_;
  timer_wheel wheel_{now_};
  time_point reported_wakeup_ = time_point::max();
  expected_timers expected_timers_;
  std::vector<const char*> mismatches_;
  std::size_t expiration_count_ = 0;
  std::vector<std::unique_ptr<test_timer>> timers_;
};

TEST_CASE("timer_wheel: behaves like a sorted list of timers", "[runtime][timer]") {
  const auto seed = GENERATE(range(1U, 9U));
  CAPTURE(seed);
  wheel_model wheel_model{seed};
  for (int step = 0; step < 10'000 && wheel_model.is_consistent(); ++step) wheel_model.step();

  CHECK(wheel_model.mismatches() == std::vector<const char*>{});
  CHECK(wheel_model.expiration_count() > 1000);
}

}  // namespace
}  // namespace cohort
