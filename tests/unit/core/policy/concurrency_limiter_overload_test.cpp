#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <cmath>
#include <functional>
#include <vector>

#include "core/policy/concurrency_limiter.hpp"
#include "core/runtime/random.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::concurrency_limiter;

constexpr time_point start{1h};

/// A server with so many workers and one queue before them, callers that come by chance and wait for four service
/// times. It works on whatever it let in, wanted or not.
class server {
 public:
  enum class durations { equal, exponential };
  struct outcome {
    double goodput = 0;      // answers in time, as a share of what the workers could give
    double in_time = 0;      // of the answers
    double turned_away = 0;  // of the callers
    double most_limit = 0;
    double mean_limit = 0;
  };

  server(std::size_t workers, durations kind, bool limited)
      : free_at_(workers, start), kind_(kind), limited_(limited) {}

  /// `load` 1 is all that the workers can do.
  outcome run(duration how_long, double load, duration service) {
    const auto until = now_ + how_long;
    const auto capacity = static_cast<double>(free_at_.size()) / (service / 1.0s);
    double callers = 0;
    double turned_away = 0;
    double limits = 0;
    outcome seen;
    answers_ = in_time_ = 0;
    for (;;) {
      now_ += some(duration{static_cast<duration::rep>(1e9 / (load * capacity))}, durations::exponential);
      if (now_ >= until) break;
      finish_until_now();
      ++callers;
      limits += static_cast<double>(limiter.limit());
      seen.most_limit = std::max(seen.most_limit, static_cast<double>(limiter.limit()));
      if (limited_ && !limiter.try_enter()) {
        ++turned_away;
        continue;
      }
      const auto worker = std::ranges::min_element(free_at_);
      *worker = std::max(*worker, now_) + some(service, kind_);
      running_.push_back({*worker, now_, now_ + 4 * service});
      std::ranges::push_heap(running_, std::ranges::greater{}, &request::done);
    }
    seen.goodput = in_time_ / (how_long / 1.0s) / capacity;
    seen.in_time = in_time_ / answers_;
    seen.turned_away = turned_away / callers;
    seen.mean_limit = limits / callers;
    return seen;
  }

  concurrency_limiter limiter{{}};

 private:
  struct request {
    time_point done;
    time_point came;
    time_point deadline;
  };

  duration some(duration mean, durations kind) {
    if (kind == durations::equal) return mean;
    return duration{static_cast<duration::rep>(-std::log(1 - random_.unit()) * static_cast<double>(mean.count()))};
  }
  void finish_until_now() {
    while (!running_.empty() && running_.front().done <= now_) {
      std::ranges::pop_heap(running_, std::ranges::greater{}, &request::done);
      const auto ended = running_.back();
      running_.pop_back();
      ++answers_;
      in_time_ += ended.done <= ended.deadline ? 1 : 0;
      if (limited_) limiter.leave(ended.done - ended.came, ended.done);
    }
  }

  std::vector<time_point> free_at_;
  std::vector<request> running_;
  durations kind_;
  bool limited_;
  random_source random_{1};
  time_point now_ = start;
  double answers_ = 0;
  double in_time_ = 0;
};

using durations = server::durations;

TEST_CASE("Without a limit three times the load leaves nobody an answer in time, and long after") {
  server server{16, durations::equal, false};
  CHECK(server.run(10s, 0.6, 50ms).in_time > 0.99);
  CHECK(server.run(30s, 3, 50ms).goodput < 0.05);
  CHECK(server.run(30s, 0.6, 50ms).goodput < 0.05);
}

TEST_CASE("With the limit three times the load is answered as far as the workers can, and in time") {
  const auto workers = GENERATE(std::size_t{8}, std::size_t{16}, std::size_t{64});
  const auto service = GENERATE(duration{20ms}, duration{50ms});
  const auto [kind, goodput, in_time] = GENERATE(table<durations, double, double>({
      {durations::equal, 0.95, 0.99},
      {durations::exponential, 0.9, 0.95},  // two in a hundred take longer than four times the mean by themselves
  }));
  CAPTURE(workers, service.count(), kind == durations::equal);
  server server{workers, kind, true};
  CHECK(server.run(20s, 0.6, service).in_time > 0.97);
  server.run(5s, 3, service);
  const auto overload = server.run(60s, 3, service);
  CHECK(overload.goodput > goodput);
  CHECK(overload.in_time > in_time);
  CHECK(overload.turned_away < 0.72);
  // And when it is over, nobody is turned away soon after.
  server.run(5s, 0.7, service);
  const auto calm = server.run(30s, 0.7, service);
  CHECK(calm.turned_away < 0.01);
  CHECK(calm.in_time > in_time);
}

TEST_CASE("Half an hour of overload does not let the limit drift up") {
  const auto kind = GENERATE(durations::equal, durations::exponential);
  server server{16, kind, true};
  server.run(10s, 0.6, 50ms);
  const auto first = server.run(60s, 3, 50ms);
  server.run(30min, 3, 50ms);
  const auto last = server.run(60s, 3, 50ms);
  CHECK(last.mean_limit < first.mean_limit * 1.15);
  CHECK(last.goodput > 0.93);
  CHECK(last.in_time > 0.95);
}

TEST_CASE("A server that has become slower for good gets all its work again") {
  const auto times = GENERATE(2, 10);
  const auto kind = GENERATE(durations::equal, durations::exponential);
  CAPTURE(times, kind == durations::equal);
  server server{32, kind, true};
  server.run(10s, 0.8, 20ms);
  server.run(60s, 0.8, 20ms * times);
  const auto later = server.run(60s, 0.8, 20ms * times);
  CHECK(later.turned_away < 0.05);
  CHECK(later.goodput > 0.72);
  const auto overload = server.run(120s, 2, 20ms * times);
  CHECK(overload.goodput > 0.85);
  CHECK(overload.in_time > 0.95);
}

TEST_CASE("A server that starts into an overload finds its limit, though it never saw its quick times") {
  const auto kind = GENERATE(durations::equal, durations::exponential);
  server server{16, kind, true};
  server.run(30s, 3, 50ms);
  const auto later = server.run(60s, 3, 50ms);
  CHECK(later.goodput > 0.93);
  CHECK(later.in_time > 0.95);
  CHECK(later.most_limit < 64);
}

}  // namespace
}  // namespace cohort
