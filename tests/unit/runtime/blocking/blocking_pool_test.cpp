// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/blocking/blocking_pool.hpp>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <mutex>
#include <thread>

#include <cohort/runtime/concurrency/race.hpp>
#include <cohort/runtime/runtime.hpp>
#include <cohort/runtime/time/virtual_time.hpp>
#include "tests/unit/runtime/task_fixtures.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using test::deadline_in;
using test::sleep_task;

/// Runs `work` on a loop with the real clock.
void run_on_loop(task<> work) {
  runtime loops{1};
  std::exception_ptr failure;
  asio::co_spawn(loops.at(0).get_executor(), std::move(work), [&](std::exception_ptr exception) {
    failure = exception;
    loops.stop();
  });
  loops.run();
  if (failure) std::rethrow_exception(failure);
}

struct context {
  cohort::deadline deadline;
};

task<> check_job_results(blocking_pool& pool, std::thread::id loop_thread) {
  const context limit{deadline_in(30s)};
  const auto id = co_await pool.run(limit, [] { return std::this_thread::get_id(); });
  REQUIRE(id.has_value());
  CHECK(*id != loop_thread);
  const auto void_result = co_await pool.run(limit, [] {});
  CHECK(void_result.has_value());
  const auto error = co_await pool.run(limit, []() -> result<int> { return error_code{asio::error::not_found}; });
  CHECK(error.error() == asio::error::not_found);
  bool has_thrown = false;
  try {
    static_cast<void>(co_await pool.run(limit, []() -> int { throw std::runtime_error("from the job"); }));
  } catch (const std::runtime_error& runtime_error) {
    has_thrown = runtime_error.what() == std::string{"from the job"};
  }
  CHECK(has_thrown);
}

TEST_CASE("blocking_pool: returns the job's value, error or exception to the caller", "[runtime][blocking][threads]") {
  blocking_pool pool;
  CHECK(pool.threads() == 0);
  run_on_loop(check_job_results(pool, std::this_thread::get_id()));
  CHECK(pool.threads() == 1);
  CHECK(pool.running_count() == 0);
}

/// A job that ends only when its stop is requested.
struct waiting_job {
  std::shared_ptr<std::atomic<bool>> is_started = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<bool>> is_stopped = std::make_shared<std::atomic<bool>>(false);
  void operator()(const std::stop_token& token) const {
    *is_started = true;
    while (!token.stop_requested()) std::this_thread::yield();
    *is_stopped = true;
  }
};

task<> exceed_deadline(blocking_pool& pool) {
  const waiting_job job;
  const auto begin = loop::current().now();
  const auto run_result = co_await pool.run(deadline_in(20ms), job);
  CHECK(run_result.error() == asio::error::timed_out);
  CHECK(loop::current().now() - begin >= 20ms);
  const auto stopped = co_await pool.stop(deadline_in(30s));
  CHECK(stopped.empty());
  // On a busy machine, the deadline can pass before a thread takes the job. The job is then never started.
  CHECK(*job.is_stopped == *job.is_started);
}

TEST_CASE("blocking_pool: the caller continues at the deadline, and the job receives a stop request",
          "[runtime][blocking][threads]") {
  blocking_pool pool;
  run_on_loop(exceed_deadline(pool));
}

task<> run_job(blocking_pool& pool, waiting_job job) { static_cast<void>(co_await pool.run(deadline_in(30s), job)); }

task<> cancel_caller(blocking_pool& pool) {
  const waiting_job job;
  co_await race(run_job(pool, job), sleep_task(5ms));
  CHECK((co_await pool.stop(deadline_in(30s))).empty());
  // The job was cancelled before a thread took it, or its stop was requested.
  CHECK(pool.running_count() == 0);
}

TEST_CASE("blocking_pool: a cancelled caller does not wait for the job", "[runtime][blocking][threads]") {
  blocking_pool pool;
  run_on_loop(cancel_caller(pool));
}

task<error_code> run_until(blocking_pool& pool, waiting_job job, duration limit) {
  const auto run_result = co_await pool.run(deadline_in(limit), job);
  co_return run_result ? error_code{} : run_result.error();
}

task<> overload(blocking_pool& pool, int* rejections) {
  const waiting_job job;
  const auto results =
      co_await when_all(run_until(pool, job, 40ms), run_until(pool, job, 20ms), run_until(pool, job, 40ms));
  CHECK(std::get<0>(results) == asio::error::timed_out);
  CHECK(std::get<1>(results) == asio::error::timed_out);
  CHECK(std::get<2>(results) == blocking_error::overloaded);
  CHECK(std::get<2>(results).message() == "the queue for blocking work is full");
  CHECK(*rejections == 1);
  CHECK(pool.queued_count() == 0);
}

TEST_CASE("blocking_pool: a job is rejected immediately if the queue is full", "[runtime][blocking][threads]") {
  int rejections = 0;
  blocking_pool_observer observer;
  observer.on_rejected = [&](blocking_error reason) { rejections += reason == blocking_error::overloaded; };
  blocking_pool pool{{.threads = 1, .max_queued = 1}, std::move(observer)};
  run_on_loop(overload(pool, &rejections));
  CHECK(pool.threads() == 1);
}

task<> abandon_job(blocking_pool& pool, std::shared_ptr<std::atomic<bool>> released) {
  auto busy_wait = [released] {
    while (!*released) std::this_thread::yield();
  };
  const auto run_result = co_await pool.run(deadline_in(500ms), std::move(busy_wait), "stuck query");
  CHECK(run_result.error() == asio::error::timed_out);
  const auto begin = loop::current().now();
  CHECK(co_await pool.stop(deadline_in(20ms)) == std::vector<std::string>{"stuck query"});
  CHECK(loop::current().now() - begin < 10s);
  const auto rejected_run = co_await pool.run(deadline_in(1s), [] {});
  CHECK(rejected_run.error() == blocking_error::stopped);
}

TEST_CASE("blocking_pool: a job that never ends is reported, and does not block the shutdown",
          "[runtime][blocking][threads]") {
  const auto released = std::make_shared<std::atomic<bool>>(false);
  {
    blocking_pool pool;
    run_on_loop(abandon_job(pool, released));
  }
  *released = true;
}

task<> run_until_reported(blocking_pool& pool, std::shared_ptr<std::atomic<bool>> is_reported, const char* name) {
  auto busy_wait = [is_reported] {
    while (!*is_reported) std::this_thread::yield();
  };
  const auto run_result = co_await pool.run(deadline_in(30s), std::move(busy_wait), name);
  CHECK(run_result.has_value());
}

TEST_CASE("blocking_pool: each job that runs longer than the threshold is reported", "[runtime][blocking][threads]") {
  const auto is_reported = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::string> names;
  blocking_pool_observer observer;
  observer.on_stuck = [&](std::string_view job, duration run_time) {
    names.emplace_back(job);
    CHECK(run_time >= 5ms);
    *is_reported = true;
  };
  blocking_pool pool{{.stuck_job_threshold = 5ms}, std::move(observer)};
  run_on_loop(run_until_reported(pool, is_reported, "slow query"));
  *is_reported = false;
  run_on_loop(run_until_reported(pool, is_reported, "slow file"));
  CHECK(names == std::vector<std::string>{"slow query", "slow file"});
}

task<> run_increment_jobs(blocking_pool& pool, std::atomic<int>* sum, int count) {
  for (int i = 0; i < count; ++i) {
    auto add = [sum] { ++*sum; };
    static_cast<void>(co_await pool.run(deadline_in(30s), std::move(add)));
  }
}

TEST_CASE("blocking_pool: serves several loops", "[runtime][blocking][threads]") {
  blocking_pool pool{{.threads = 3}};
  std::atomic<int> sum{0};
  runtime loops{3};
  std::atomic<int> running_count{3};
  for (std::size_t i = 0; i < 3; ++i) {
    asio::co_spawn(loops.at(i).get_executor(), run_increment_jobs(pool, &sum, 300), [&](const std::exception_ptr&) {
      if (--running_count == 0) loops.stop();
    });
  }
  loops.run();
  CHECK(sum == 900);
  CHECK(pool.threads() <= 3);
}

task<int> run_simulated_job(blocking_pool& pool, duration limit) {
  const auto value =
      co_await pool.run(deadline_in(limit), [](const std::stop_token& token) { return token.stop_requested(); });
  co_return value ? 1 : value.error() == asio::error::timed_out ? 2 : 3;
}

TEST_CASE("blocking_pool: on virtual time a job takes the time that the test sets, and there are no threads",
          "[runtime][blocking]") {
  virtual_time time;
  blocking_pool pool{{.threads = 1, .max_queued = 1}};
  pool.set_simulated_cost(50ms);
  const auto begin = time.now();
  CHECK(time.run(run_simulated_job(pool, 1s)) == 1);
  CHECK(time.now() - begin >= 50ms);
  CHECK(time.now() - begin < 51ms);
  CHECK(time.run(run_simulated_job(pool, 20ms)) == 2);
  CHECK(time.now() - begin < 71ms);
  // One job runs, one waits, and one is rejected.
  const auto results =
      time.run(when_all(run_simulated_job(pool, 1s), run_simulated_job(pool, 1s), run_simulated_job(pool, 1s)));
  CHECK(results == std::tuple{1, 1, 3});
  CHECK(time.now() - begin >= 170ms);
  CHECK(pool.threads() == 0);
}

task<> observe_stop_request(blocking_pool& pool, bool* is_stopped) {
  auto observe = [is_stopped](const std::stop_token& token) { *is_stopped = token.stop_requested(); };
  const auto run_result = co_await pool.run(deadline_in(20ms), std::move(observe));
  CHECK(run_result.error() == asio::error::timed_out);
}

TEST_CASE("blocking_pool: on virtual time, the job also receives a stop request at the deadline",
          "[runtime][blocking]") {
  virtual_time time;
  blocking_pool pool;
  pool.set_simulated_cost(50ms);
  bool is_stopped = false;
  time.run(observe_stop_request(pool, &is_stopped));
  CHECK(is_stopped);
}

}  // namespace
}  // namespace cohort
