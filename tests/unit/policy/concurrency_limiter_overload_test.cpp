// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <functional>
#include <vector>

#include <cohort/policy/overload/concurrency_limiter.hpp>
#include <cohort/runtime/random.hpp>
#include "tests/support/sanitizers.hpp"
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using policy::concurrency_limiter;

using test::start;

// Sanitizers make the simulations ten times slower, so sanitizer builds simulate fewer workers and a shorter overload.
#ifdef COHORT_SANITIZED
constexpr std::size_t max_workers = 8;
constexpr duration long_overload = 3min;
#else
constexpr std::size_t max_workers = 64;
constexpr duration long_overload = 30min;
#endif

/// A simulated server with workers, one queue and Poisson arrivals. The timeout of the clients is four service times.
/// Every admitted request is processed, even after its timeout.
class simulated_server {
 public:
  enum class distribution { constant, exponential };
  struct load_result {
    double goodput = 0;   // responses in time, as a fraction of the capacity
    double on_time = 0;   // responses in time, as a fraction of the responses
    double rejected = 0;  // rejected requests, as a fraction of all requests
    double max_limit = 0;
    double mean_limit = 0;
  };

  simulated_server(std::size_t workers, distribution service_times, bool is_limited)
      : free_times_(workers, start), service_times_(service_times), is_limited_(is_limited) {}

  /// `load` is relative to the capacity; `service_time` is the mean.
  load_result run(duration length, double load, duration service_time) {
    const auto end_time = now_ + length;
    const auto capacity = static_cast<double>(free_times_.size()) / (service_time / 1.0s);
    double requests = 0;
    double rejected = 0;
    double limits = 0;
    load_result result;
    responses_ = on_time_count_ = 0;
    for (;;) {
      now_ += draw(duration{static_cast<duration::rep>(1e9 / (load * capacity))}, distribution::exponential);
      if (now_ >= end_time) break;
      complete_due_requests();
      ++requests;
      limits += static_cast<double>(limiter.limit());
      result.max_limit = std::max(result.max_limit, static_cast<double>(limiter.limit()));
      if (is_limited_ && !limiter.try_acquire()) {
        ++rejected;
        continue;
      }
      const auto worker = std::ranges::min_element(free_times_);
      *worker = std::max(*worker, now_) + draw(service_time, service_times_);
      in_flight_requests_.push_back({*worker, now_, now_ + 4 * service_time});
      std::ranges::push_heap(in_flight_requests_, std::ranges::greater{}, &request::done);
    }
    result.goodput = on_time_count_ / (length / 1.0s) / capacity;
    result.on_time = on_time_count_ / responses_;
    result.rejected = rejected / requests;
    result.mean_limit = limits / requests;
    return result;
  }

  concurrency_limiter limiter{{}};

 private:
  struct request {
    time_point done;
    time_point arrived;
    time_point deadline;
  };

  duration draw(duration mean, distribution kind) {
    if (kind == distribution::constant) return mean;
    return duration{static_cast<duration::rep>(random_.exponential() * static_cast<double>(mean.count()))};
  }
  void complete_due_requests() {
    while (!in_flight_requests_.empty() && in_flight_requests_.front().done <= now_) {
      std::ranges::pop_heap(in_flight_requests_, std::ranges::greater{}, &request::done);
      const auto ended_request = in_flight_requests_.back();
      in_flight_requests_.pop_back();
      ++responses_;
      on_time_count_ += ended_request.done <= ended_request.deadline ? 1 : 0;
      if (is_limited_) limiter.release(ended_request.done - ended_request.arrived, ended_request.done);
    }
  }

  std::vector<time_point> free_times_;
  std::vector<request> in_flight_requests_;
  distribution service_times_;
  bool is_limited_;
  random_generator random_{1};
  time_point now_ = start;
  double responses_ = 0;
  double on_time_count_ = 0;
};

using distribution = simulated_server::distribution;

TEST_CASE("concurrency limiter: without a limit, all requests time out at triple load and after the overload",
          "[policy][concurrency_limiter]") {
  simulated_server server{16, distribution::constant, false};
  CHECK(server.run(10s, 0.6, 50ms).on_time > 0.99);
  CHECK(server.run(30s, 3, 50ms).goodput < 0.05);
  CHECK(server.run(30s, 0.6, 50ms).goodput < 0.05);
}

TEST_CASE("concurrency limiter: under triple load, the goodput of a limited server is close to its capacity",
          "[policy][concurrency_limiter]") {
  const auto workers = GENERATE(filter([](std::size_t count) { return count <= max_workers; },
                                       values({std::size_t{8}, std::size_t{16}, std::size_t{64}})));
  const auto service_time = GENERATE(duration{20ms}, duration{50ms});
  const auto [kind, goodput, on_time] = GENERATE(table<distribution, double, double>({
      {distribution::constant, 0.95, 0.99},
      {distribution::exponential, 0.9, 0.95},  // the service time alone exceeds the timeout for 2 % of the requests
  }));
  CAPTURE(workers, service_time.count(), kind == distribution::constant);
  simulated_server server{workers, kind, true};
  CHECK(server.run(20s, 0.6, service_time).on_time > 0.97);
  server.run(5s, 3, service_time);
  const auto overload = server.run(60s, 3, service_time);
  CHECK(overload.goodput > goodput);
  CHECK(overload.on_time > on_time);
  CHECK(overload.rejected < 0.72);
  // Soon after the overload, no request is rejected.
  server.run(5s, 0.7, service_time);
  const auto overload_result = server.run(30s, 0.7, service_time);
  CHECK(overload_result.rejected < 0.01);
  CHECK(overload_result.on_time > on_time);
}

TEST_CASE("concurrency limiter: the limit does not drift upwards in half an hour of overload",
          "[policy][concurrency_limiter]") {
  const auto kind = GENERATE(distribution::constant, distribution::exponential);
  simulated_server server{16, kind, true};
  server.run(10s, 0.6, 50ms);
  const auto first = server.run(60s, 3, 50ms);
  server.run(long_overload, 3, 50ms);
  const auto last_result = server.run(60s, 3, 50ms);
  CHECK(last_result.mean_limit < first.mean_limit * 1.15);
  CHECK(last_result.goodput > 0.93);
  CHECK(last_result.on_time > 0.95);
}

TEST_CASE("concurrency limiter: after a server has become permanently slower, it reaches its capacity again",
          "[policy][concurrency_limiter]") {
  const auto factor = GENERATE(2, 10);
  const auto kind = GENERATE(distribution::constant, distribution::exponential);
  CAPTURE(factor, kind == distribution::constant);
  simulated_server server{32, kind, true};
  server.run(10s, 0.8, 20ms);
  server.run(60s, 0.8, 20ms * factor);
  const auto later = server.run(60s, 0.8, 20ms * factor);
  CHECK(later.rejected < 0.05);
  CHECK(later.goodput > 0.72);
  const auto overload = server.run(120s, 2, 20ms * factor);
  CHECK(overload.goodput > 0.85);
  CHECK(overload.on_time > 0.95);
}

TEST_CASE("concurrency limiter: the limit converges if the server starts under overload, without a base latency",
          "[policy][concurrency_limiter]") {
  const auto kind = GENERATE(distribution::constant, distribution::exponential);
  simulated_server server{16, kind, true};
  server.run(30s, 3, 50ms);
  const auto later = server.run(60s, 3, 50ms);
  CHECK(later.goodput > 0.93);
  CHECK(later.on_time > 0.95);
  CHECK(later.max_limit < 64);
}

}  // namespace
}  // namespace cohort
