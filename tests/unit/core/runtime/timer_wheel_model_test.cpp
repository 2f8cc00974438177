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

#include "core/runtime/timer_wheel.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;

constexpr duration tick{1 << 14};

/// The wheel beside a plain sorted list that does the same slowly. Whatever one says the other must say too.
class model {
 public:
  explicit model(std::uint32_t seed) : dice_(seed) {
    wheel_.on_earlier([this](time_point due) { wakes_at_ = std::min(wakes_at_, due); });
    for (int i = 0; i < 200; ++i) probes_.push_back(std::make_unique<probe>(*this));
  }

  void step() {
    switch (below(10)) {
      case 0: touch(*any(), action::disarm); break;
      case 1: replace(any()); break;
      case 2:
      case 3:
      case 4:
      case 5: touch(*any(), action::arm); break;
      default: advance(); break;
    }
    check_next();
  }
  bool sound() const { return faults_.empty(); }
  const std::vector<const char*>& faults() const { return faults_; }
  std::size_t calls() const { return calls_; }

 private:
  struct probe {
    explicit probe(model& home) : owner(home), clock(home.wheel_, this) {}
    ~probe() { owner.forget(this); }
    void on_due() { owner.called(this); }

    model& owner;
    bound_timer<&probe::on_due> clock;
  };
  enum class action { arm, disarm };
  using expected = std::multimap<std::int64_t, probe*>;

  std::uint64_t below(std::uint64_t limit) { return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(dice_); }
  /// Anything from nanoseconds to weeks, each magnitude as likely as the next.
  duration span() { return duration{static_cast<std::int64_t>(below(std::uint64_t{1} << (1 + below(50))))}; }
  std::unique_ptr<probe>& any() { return probes_[below(probes_.size())]; }
  void require(bool holds, const char* fault) {
    if (!holds) faults_.push_back(fault);
  }

  static std::int64_t tick_of(time_point when) {
    return (when.time_since_epoch().count() + tick.count() - 1) / tick.count();
  }
  void forget(probe* which) {
    std::erase_if(expected_, [which](const auto& entry) { return entry.second == which; });
  }
  void touch(probe& which, action what) {
    forget(&which);
    if (what == action::disarm) return which.clock.disarm();
    // While timers are called: later than the tick at hand, so that the list below stays this simple.
    const auto earliest = calling_tick_ ? time_point{(*calling_tick_ + 1) * tick} : now_ - 1s;
    const auto when = earliest + span();
    which.clock.arm(when);
    expected_.emplace(std::max(tick_of(when), now_ticks_), &which);
  }
  void replace(std::unique_ptr<probe>& which) {
    which.reset();
    which = std::make_unique<probe>(*this);
  }
  void called(probe* which) {
    ++calls_;
    const auto mine =
        std::find_if(expected_.begin(), expected_.end(), [&](auto& entry) { return entry.second == which; });
    require(mine != expected_.end(), "called, but not armed");
    if (mine == expected_.end()) return;
    require(mine->first == expected_.begin()->first, "called before one that was due earlier");
    require(mine->first <= now_.time_since_epoch() / tick, "called early");
    calling_tick_ = mine->first;
    expected_.erase(mine);
    switch (below(6)) {
      case 0: touch(*which, action::arm); break;
      case 1: touch(*any(), action::arm); break;
      case 2: touch(*any(), action::disarm); break;
      case 3:
        if (auto& other = any(); other.get() != which) replace(other);
        break;
      default: break;
    }
  }
  void advance() {
    // Half of the time as a loop would: exactly to the next moment of interest.
    const auto due = wheel_.next_due();
    now_ = due && below(2) == 0 ? std::max(now_, *due) : now_ + span() / 64;
    wheel_.advance(now_);
    calling_tick_.reset();
    now_ticks_ = now_.time_since_epoch() / tick;
    require(expected_.empty() || expected_.begin()->first > now_ticks_, "due, but not called");
    wakes_at_ = wheel_.next_due().value_or(time_point::max());
  }
  void check_next() {
    require(wheel_.armed_count() == expected_.size(), "another number of timers is armed");
    if (expected_.empty()) return;
    const time_point first{expected_.begin()->first * tick};
    require(wheel_.next_due().has_value() && *wheel_.next_due() <= first, "next_due is late");
    require(wakes_at_ <= first, "a loop that sleeps as it was told to would wake late");
  }

  std::mt19937 dice_;
  time_point now_{1h};
  std::int64_t now_ticks_ = now_.time_since_epoch() / tick;
  std::optional<std::int64_t> calling_tick_;
  timer_wheel wheel_{now_};
  time_point wakes_at_ = time_point::max();
  expected expected_;
  std::vector<const char*> faults_;
  std::size_t calls_ = 0;
  std::vector<std::unique_ptr<probe>> probes_;
};

TEST_CASE("The wheel does what a sorted list of timers would do") {
  const auto seed = GENERATE(range(1U, 9U));
  CAPTURE(seed);
  model both{seed};
  for (int step = 0; step < 10'000 && both.sound(); ++step) both.step();

  CHECK(both.faults() == std::vector<const char*>{});
  CHECK(both.calls() > 1000);
}

}  // namespace
}  // namespace cohort
