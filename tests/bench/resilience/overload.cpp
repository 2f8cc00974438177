// SPDX-License-Identifier: BSL-1.0
// Measures a server at three times its capacity, with the concurrency limit off and on.
#include <cohort/http/message/request/deadline_headers.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "loadgen/results/format.hpp"
#include "tests/bench/resilience/parts.hpp"
#include "tests/bench/resilience/testbed.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t connection_count = 64;
constexpr duration service_time = 2ms;
/// The capacity of the resource in requests per second.
constexpr double nominal_capacity = 1s / service_time;
constexpr double overload_factor = 3;
constexpr duration request_timeout = 250ms;
constexpr auto request_timeout_ms = "250";
constexpr duration warm_up_period = 1s;
constexpr duration overload_period = 5s;

// ---- server

task<http::response> compute(http::request_context&) {
  for (const auto end = thread_cpu_time() + service_time; thread_cpu_time() < end;) continue;
  co_return http::json_response("{}");
}

http::response deadline_exceeded() { return http::error_response(http::status::gateway_timeout, "Deadline exceeded"); }

/// A resource that serves one request at a time in FIFO order, such as a disk or a remote lock.
class exclusive_resource {
 public:
  task<http::response> use() {
    if (is_in_use_) {
      auto wait_task = waiters_.wait();
      if (co_await std::move(wait_task) == wait_status::cancelled) co_return deadline_exceeded();
    }
    is_in_use_ = true;
    const release_guard guard{*this};
    auto service = sleep_for(service_time);
    if (co_await std::move(service) == wait_status::cancelled) co_return deadline_exceeded();
    co_return http::json_response("{}");
  }

 private:
  struct release_guard {
    exclusive_resource& resource;
    /// Hands the resource to the first waiter, so that no later request acquires the resource first.
    ~release_guard() { resource.is_in_use_ = resource.waiters_.notify_one(); }
  };
  bool is_in_use_ = false;
  wait_queue waiters_;
};

// ---- clients

struct request_counts {
  /// Latencies of the responses with status 200 within `request_timeout` of the intended start.
  std::vector<duration> good{};
  std::uint64_t rejected = 0;  // status 503
  std::uint64_t late = 0;
  /// Number of `late` requests that received no connection before the timeout.
  std::uint64_t unsent = 0;
};

struct load {
  testbed& environment;
  http::client_request request;
  double rate = 0;
  time_point start{};
  time_point end{};
  std::uint64_t next_request = 0;
  request_counts counts{};
  duration server_cpu_time{};
};

void start_period(load& active_load, double rate, duration length) {
  active_load.rate = rate;
  active_load.start = loop::current().now();
  active_load.end = active_load.start + length;
  active_load.next_request = 0;
  active_load.counts = {};
}

task<> send_request(load& active_load, time_point intended_start) {
  // Waits for late responses, as a proxy does, which shares its connections.
  auto fetch_task = http::fetch(active_load.environment.client(), active_load.request, deadline{intended_start + 5s});
  const auto response = co_await std::move(fetch_task);
  const auto latency = loop::current().now() - intended_start;
  if (response && response->status == http::status::service_unavailable) {
    ++active_load.counts.rejected;
  } else if (response && response->status == http::status::ok && latency <= request_timeout) {
    active_load.counts.good.push_back(latency);
  } else {
    ++active_load.counts.late;
  }
}

/// Sends the requests of one connection of an open loop: request i is sent i/rate after the start, or as soon as a
/// connection is idle.
task<> send_at_rate(load& active_load) {
  for (;;) {
    const std::chrono::duration<double> offset{static_cast<double>(active_load.next_request++) / active_load.rate};
    const auto intended_start = active_load.start + std::chrono::duration_cast<duration>(offset);
    if (intended_start >= active_load.end) co_return;
    auto pause = sleep_until(deadline{intended_start});
    if (intended_start > loop::current().now()) co_await std::move(pause);
    if (deadline{intended_start + request_timeout}.expired(loop::current().now())) {
      ++active_load.counts.unsent;
      ++active_load.counts.late;
    } else {
      co_await send_request(active_load, intended_start);
    }
  }
}

task<> send_continuously(load& active_load) {
  for (auto now = active_load.start; now < active_load.end; now = loop::current().now())
    co_await send_request(active_load, now);
}

task<> measure_capacity(load& active_load) {
  start_period(active_load, 0, warm_up_period);
  auto send_task = run_concurrently(16, [&active_load] { return send_continuously(active_load); });
  co_await std::move(send_task);
}

task<> overload_after_warm_up(load& active_load) {
  start_period(active_load, nominal_capacity / 2, warm_up_period);
  auto warm_up = run_concurrently(connection_count, [&active_load] { return send_at_rate(active_load); });
  co_await std::move(warm_up);
  const auto before = co_await active_load.environment.server_cpu_time();
  start_period(active_load, nominal_capacity * overload_factor, overload_period);
  auto overload = run_concurrently(connection_count, [&active_load] { return send_at_rate(active_load); });
  co_await std::move(overload);
  active_load.server_cpu_time = co_await active_load.environment.server_cpu_time() - before;
}

// ---- results

http::admission_settings concurrency_limit(bool is_enabled) {
  http::admission_settings settings;
  settings.limit_concurrency = is_enabled;
  return settings;
}

load make_load(testbed& environment) {
  load active_load{environment, environment.request("/work")};
  active_load.request.fields.emplace_back(http::envoy_timeout_field, request_timeout_ms);
  return active_load;
}

std::string describe(const request_counts& counts, double capacity) {
  using loadgen::format_count;
  using loadgen::format_fixed;
  const auto goodput = loadgen::per_second(counts.good.size(), overload_period);
  return format_fixed(goodput, 0) + "/s good, " + format_fixed(100 * goodput / capacity, 0) + " % of " +
         format_fixed(capacity, 0) + "/s · p50 " + format_quantile(counts.good, 0.5) + ", p99 " +
         format_quantile(counts.good, 0.99) + " · " + format_count(counts.rejected) + " × 503 · " +
         format_count(counts.late) + " late, " + format_count(counts.unsent) + " of them unsent";
}

void measure(const std::string& scenario, const http::async_handler& handler, bool is_cpu_bound, bool is_limited) {
  http::router routes;
  routes.get("/work", handler);
  testbed unlimited_testbed{routes, concurrency_limit(false), connection_count};
  auto capacity_load = make_load(unlimited_testbed);
  unlimited_testbed.run(measure_capacity(capacity_load));
  testbed overloaded_testbed{routes, concurrency_limit(is_limited), connection_count};
  auto overload = make_load(overloaded_testbed);
  overloaded_testbed.run(overload_after_warm_up(overload));
  const auto capacity = loadgen::per_second(capacity_load.counts.good.size(), warm_up_period);
  auto description = describe(overload.counts, capacity);
  if (is_cpu_bound) {
    const auto good_response_fraction =
        static_cast<double>(overload.counts.good.size()) * service_time / overload.server_cpu_time;
    description +=
        " · " + loadgen::format_percentage(good_response_fraction) + " of the server's CPU time for good responses";
  }
  print_row("overload", scenario + (is_limited ? ", limit on" : ", limit off"), description);
}

}  // namespace

void measure_overload() {
  // The measurements alternate, so that changes of the machine's load affect both equally.
  for (const bool is_limited : {false, true, false, true}) measure("2 ms of computation", compute, true, is_limited);
  exclusive_resource resource;
  const auto use_resource = [&resource](http::request_context&) { return resource.use(); };
  for (const bool is_limited : {false, true, false, true})
    measure("2 ms of an exclusive resource", use_resource, false, is_limited);
}

}  // namespace cohort::bench
