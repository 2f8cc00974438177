// SPDX-License-Identifier: BSL-1.0
// Measures the synchronization types of the runtime and the pool for blocking work, as one table: time and heap
// allocations of each operation. The loops use the real clock; no operation waits for a timer.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include <cohort/runtime/blocking/blocking_pool.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/runtime/runtime.hpp>
#include <cohort/runtime/synchronization/channel.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_channel.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_event.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_latch.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_once.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_rate_limiter.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_semaphore.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_shared_mutex.hpp>
#include <cohort/runtime/synchronization/latch.hpp>
#include <cohort/runtime/synchronization/mutex.hpp>
#include <cohort/runtime/synchronization/once.hpp>
#include <cohort/runtime/synchronization/rate_limiter.hpp>
#include <cohort/runtime/synchronization/semaphore.hpp>
#include <cohort/runtime/synchronization/shared_mutex.hpp>

namespace {
std::atomic<std::size_t> allocation_count{0};
}

void* operator new(std::size_t size) {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc{};
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace cohort {
namespace {

constexpr int round_count = 200'000;

/// Runs tasks on the loops of a runtime, the task at `i` on the loop `i % loops`, and prints a row.
void measure(const char* operation, std::size_t loop_count, int operation_count, std::vector<task<>> work) {
  runtime loops{loop_count};
  std::atomic<std::size_t> running{work.size()};
  std::atomic<bool> has_failed{false};
  for (std::size_t i = 0; i < work.size(); ++i) {
    asio::co_spawn(loops.at(i % loop_count).get_executor(), std::move(work[i]), [&](const std::exception_ptr& failure) {
      if (failure) has_failed = true;
      if (--running == 0) loops.stop();
    });
  }
  const auto initial_count = allocation_count.load();
  const auto begin = std::chrono::steady_clock::now();
  loops.run();
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
  const auto allocated = static_cast<double>(allocation_count.load() - initial_count);
  std::printf("| %-52s | %8.0f | %5.2f |%s\n", operation, spent.count() / operation_count, allocated / operation_count,
              has_failed ? " FAILED" : "");
}

template <class... Task>
std::vector<task<>> tasks(Task... work) {
  std::vector<task<>> all;
  (all.push_back(std::move(work)), ...);
  return all;
}

deadline run_deadline() { return deadline::after(loop::current().now(), std::chrono::minutes{5}); }
void require(bool has_succeeded) {
  if (!has_succeeded) std::terminate();
}

template <class Acquire>
task<> acquire_repeatedly(Acquire acquire, int count) {
  const auto end = run_deadline();
  for (int i = 0; i < count; ++i) {
    auto acquire_task = acquire(end);
    const auto owned = co_await std::move(acquire_task);
    require(owned.has_value());
  }
}
/// Holds its permit until the loop has run the other coroutines, so that each acquisition is a handoff.
template <class Acquire>
task<> acquire_with_handoff(Acquire acquire, int count) {
  const auto end = run_deadline();
  for (int i = 0; i < count; ++i) {
    auto acquire_task = acquire(end);
    const auto owned = co_await std::move(acquire_task);
    require(owned.has_value());
    co_await asio::post(loop::current().get_executor(), asio::deferred);
  }
}

template <class Channel>
task<> send_all(Channel& target, int count) {
  const auto end = run_deadline();
  for (int i = 0; i < count; ++i) {
    const auto sent = co_await target.send(i, end);
    require(sent.has_value());
  }
}
template <class Channel>
task<> receive_all(Channel& source, int count) {
  const auto end = run_deadline();
  for (int i = 0; i < count; ++i) {
    const auto received = co_await source.receive(end);
    require(received.has_value());
  }
}
task<> select_all(channel<int>& first, channel<int>& second, int count) {
  const auto end = run_deadline();
  for (int i = 0; i < count; ++i) {
    const auto received = co_await select(end, first, second);
    require(received.has_value());
  }
}

task<> do_nothing() { co_return; }
template <class Once>
task<> call_once(Once& initialization, int count) {
  for (int i = 0; i < count; ++i) {
    const auto called = co_await initialization.call(deadline::never(), do_nothing);
    require(called.has_value());
  }
}
template <class Latch>
task<> await_latches(int count) {
  for (int i = 0; i < count; ++i) {
    Latch counted{1};
    counted.count_down();
    require(co_await counted.wait(deadline::never()) == wait_status::notified);
  }
}
/// Waits for `own_event`, and then sets `other_event`, whose waiter does the same.
template <class Event>
task<> alternate(Event& own_event, Event& other_event, int count) {
  const auto end = run_deadline();
  for (int i = 0; i < count; ++i) {
    require(co_await own_event.wait(end) == wait_status::notified);
    own_event.reset();
    other_event.set();
  }
}
task<> await_event(event& awaited_event, int count) {
  for (int i = 0; i < count; ++i) require(co_await awaited_event.wait(deadline::never()) == wait_status::notified);
}
task<> run_jobs(blocking_pool& pool, int count) {
  const auto end = run_deadline();
  for (int i = 0; i < count; ++i) {
    const auto ended = co_await pool.run(end, [] { return 1; });
    require(ended.has_value());
  }
}

void measure_single_loop_types() {
  mutex owner;
  const auto lock = [&](deadline end) { return owner.lock(end); };
  measure("mutex, uncontended", 1, round_count, tasks(acquire_repeatedly(lock, round_count)));
  measure("mutex, handoff between two coroutines", 1, 2 * round_count,
          tasks(acquire_with_handoff(lock, round_count), acquire_with_handoff(lock, round_count)));
  shared_mutex shared;
  const auto read = [&](deadline end) { return shared.lock_shared(end); };
  measure("shared_mutex, uncontended, shared", 1, round_count, tasks(acquire_repeatedly(read, round_count)));
  const auto write = [&](deadline end) { return shared.lock(end); };
  measure("shared_mutex, uncontended, exclusive", 1, round_count, tasks(acquire_repeatedly(write, round_count)));
  semaphore permits{1};
  const auto acquire = [&](deadline end) { return permits.acquire(end); };
  measure("semaphore, without waiting", 1, round_count, tasks(acquire_repeatedly(acquire, round_count)));
  measure("semaphore, handoff between two coroutines", 1, 2 * round_count,
          tasks(acquire_with_handoff(acquire, round_count), acquire_with_handoff(acquire, round_count)));
  rate_limiter limiter{64, std::chrono::nanoseconds{1}};
  const auto start = [&](deadline end) { return limiter.acquire(end); };
  measure("rate_limiter, without waiting", 1, round_count, tasks(acquire_repeatedly(start, round_count)));
  once initialization;
  measure("once, done", 1, round_count, tasks(call_once(initialization, round_count)));
  event first;
  event second;
  first.set();
  measure("event, set", 1, round_count, tasks(await_event(first, round_count)));
  measure("event, between two coroutines", 1, 2 * round_count,
          tasks(alternate(first, second, round_count), alternate(second, first, round_count)));
  measure("latch, at zero", 1, round_count, tasks(await_latches<latch>(round_count)));
  channel<int> numbers{64};
  measure("channel, capacity 64: send and receive", 1, round_count,
          tasks(send_all(numbers, round_count), receive_all(numbers, round_count)));
  channel<int> other{64};
  measure("select of two channels: send and receive", 1, round_count,
          tasks(send_all(numbers, round_count), select_all(other, numbers, round_count)));
}

void measure_cross_thread_types() {
  cross_thread_semaphore owner{1};
  const auto acquire = [&](deadline end) { return owner.acquire(end); };
  measure("cross_thread_semaphore, without waiting", 1, round_count, tasks(acquire_repeatedly(acquire, round_count)));
  measure("cross_thread_semaphore, handoff between two loops", 2, round_count / 5,
          tasks(acquire_with_handoff(acquire, round_count / 10), acquire_with_handoff(acquire, round_count / 10)));
  cross_thread_shared_mutex shared;
  const auto read = [&](deadline end) { return shared.lock_shared(end); };
  measure("cross_thread_shared_mutex, uncontended, shared", 1, round_count,
          tasks(acquire_repeatedly(read, round_count)));
  const auto write = [&](deadline end) { return shared.lock(end); };
  measure("cross_thread_shared_mutex, uncontended, exclusive", 1, round_count,
          tasks(acquire_repeatedly(write, round_count)));
  measure("cross_thread_shared_mutex, handoff between two loops", 2, round_count / 5,
          tasks(acquire_with_handoff(write, round_count / 10), acquire_with_handoff(write, round_count / 10)));
  cross_thread_rate_limiter limiter{64, std::chrono::nanoseconds{1}};
  const auto start = [&](deadline end) { return limiter.acquire(end); };
  measure("cross_thread_rate_limiter, without waiting", 1, round_count, tasks(acquire_repeatedly(start, round_count)));
  cross_thread_once initialization;
  measure("cross_thread_once, done", 1, round_count, tasks(call_once(initialization, round_count)));
  measure("cross_thread_latch, at zero", 1, round_count, tasks(await_latches<cross_thread_latch>(round_count)));
  const auto first = cross_thread_event::make();
  const auto second = cross_thread_event::make();
  first->set();
  measure("cross_thread_event, between two loops", 2, round_count / 5,
          tasks(alternate(*first, *second, round_count / 10), alternate(*second, *first, round_count / 10)));
  cross_thread_channel<int> numbers{64};
  measure("cross_thread_channel between two loops, capacity 64", 2, round_count,
          tasks(send_all(numbers, round_count), receive_all(numbers, round_count)));
  blocking_pool pool;
  measure("blocking_pool::run of an empty function", 1, round_count / 10, tasks(run_jobs(pool, round_count / 10)));
}

}  // namespace
}  // namespace cohort

int main() {
  std::printf("| operation                                            |       ns | alloc |\n|---|---|---|\n");
  cohort::measure_single_loop_types();
  cohort::measure_cross_thread_types();
}
