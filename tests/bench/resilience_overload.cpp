// A server that is asked for three times what it can do, with its limiter off and on.
#include <ctime>

#include "core/http/remaining_time.hpp"
#include "core/runtime/wait_queue.hpp"
#include "loadgen/figures.hpp"
#include "tests/bench/resilience_bed.hpp"
#include "tests/bench/resilience_parts.hpp"

namespace cohort::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t connections = 64;
constexpr duration work = 2ms;
/// A second, if nothing else took the server any time.
constexpr double nominal_rate = 1s / work;
constexpr double overload = 3;
constexpr duration patience = 250ms;
constexpr auto told = "250";  // milliseconds
constexpr duration calm = 1s;
constexpr duration storm = 5s;

// ---- what the server does

duration cpu_time_of_this_thread() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

task<http::response> compute(http::request_context&) {
  for (const auto until = cpu_time_of_this_thread() + work; cpu_time_of_this_thread() < until;) continue;
  co_return http::json_response("{}");
}

http::response too_late() { return http::error_response(http::status::gateway_timeout, "Its time is over"); }

/// What one request at a time may have, such as a disk or a lock elsewhere; first come, first served.
class single_resource {
 public:
  task<http::response> use() {
    if (taken_) {
      auto turn = waiting_.wait();
      if (co_await std::move(turn) == wait_status::cancelled) co_return too_late();
    }
    taken_ = true;
    const hold until_done{*this};
    auto working = sleep_for(work);
    if (co_await std::move(working) == wait_status::cancelled) co_return too_late();
    co_return http::json_response("{}");
  }

 private:
  struct hold {
    single_resource& of;
    /// Handed over rather than given back, lest somebody new come before those who wait.
    ~hold() { of.taken_ = of.waiting_.notify_one(); }
  };
  bool taken_ = false;
  wait_queue waiting_;
};

// ---- what its callers do

struct ends {
  /// 200 within `patience` of the intended start: how long each took.
  std::vector<duration> good{};
  std::uint64_t turned_away = 0;
  std::uint64_t late = 0;
  /// Of those, how many had no connection before it was too late.
  std::uint64_t unsent = 0;
};

struct load {
  bed& on;
  http::client_request request;
  double rate = 0;
  time_point start{};
  time_point end{};
  std::uint64_t next = 0;
  ends came_to{};
  duration server_cpu{};
};

void begin(load& of, double rate, duration length) {
  of.rate = rate;
  of.start = loop::current().now();
  of.end = of.start + length;
  of.next = 0;
  of.came_to = {};
}

task<> ask(load& of, time_point intended) {
  auto request = of.request;
  // Whoever keeps its connections for others does not hang up on a late answer.
  const auto answer = co_await of.on.client().call(std::move(request), deadline{intended + 5s});
  const auto took = loop::current().now() - intended;
  if (answer && answer->code == http::status::service_unavailable) {
    ++of.came_to.turned_away;
  } else if (answer && answer->code == http::status::ok && took <= patience) {
    of.came_to.good.push_back(took);
  } else {
    ++of.came_to.late;
  }
}

/// One connection's part of an open loop: request i starts i/rate after the start, or as soon as a connection is free.
task<> ask_at_that_rate(load& of) {
  for (;;) {
    const std::chrono::duration<double> after{static_cast<double>(of.next++) / of.rate};
    const auto intended = of.start + std::chrono::duration_cast<duration>(after);
    if (intended >= of.end) co_return;
    auto pause = sleep_until(deadline{intended});
    if (intended > loop::current().now()) co_await std::move(pause);
    if (deadline{intended + patience}.expired(loop::current().now())) {
      ++of.came_to.unsent;
      ++of.came_to.late;
    } else {
      co_await ask(of, intended);
    }
  }
}

task<> ask_without_pause(load& of) {
  for (auto now = of.start; now < of.end; now = loop::current().now()) co_await ask(of, now);
}

task<> keep_busy(load& of) {
  begin(of, 0, calm);
  auto all = all_at_once(16, [&of] { return ask_without_pause(of); });
  co_await std::move(all);
}

task<> storm_after_calm(load& of) {
  begin(of, nominal_rate / 2, calm);
  auto few = all_at_once(connections, [&of] { return ask_at_that_rate(of); });
  co_await std::move(few);
  const auto before = co_await of.on.server_cpu_time();
  begin(of, nominal_rate * overload, storm);
  auto many = all_at_once(connections, [&of] { return ask_at_that_rate(of); });
  co_await std::move(many);
  of.server_cpu = co_await of.on.server_cpu_time() - before;
}

// ---- what came of it

http::admission_settings limiter(bool on) {
  http::admission_settings how;
  how.limits_concurrency = on;
  return how;
}

load load_on(bed& on) {
  load made{on, on.request("/work")};
  made.request.fields.emplace_back(http::remaining_time_field, told);
  return made;
}

std::string described(const ends& of, double capacity) {
  using loadgen::count_text;
  using loadgen::fixed_text;
  const auto goodput = loadgen::per_second(of.good.size(), storm);
  return fixed_text(goodput, 0) + "/s good, " + fixed_text(100 * goodput / capacity, 0) + " % of " +
         fixed_text(capacity, 0) + "/s · p50 " + quantile_text(of.good, 0.5) + ", p99 " + quantile_text(of.good, 0.99) +
         " · " + count_text(of.turned_away) + " × 503 · " + count_text(of.late) + " late, " + count_text(of.unsent) +
         " of them unsent";
}

void measure(const std::string& name, const http::awaiting_handler& handle, bool computes, bool limits) {
  http::router routes;
  routes.get("/work", handle);
  bed unhurried{routes, limiter(false), connections};
  auto busy = load_on(unhurried);
  unhurried.run(keep_busy(busy));
  bed overloaded{routes, limiter(limits), connections};
  auto stormy = load_on(overloaded);
  overloaded.run(storm_after_calm(stormy));
  auto found = described(stormy.came_to, loadgen::per_second(busy.came_to.good.size(), calm));
  if (computes) {
    const auto useful = static_cast<double>(stormy.came_to.good.size()) * work / stormy.server_cpu;
    found += " · " + loadgen::share_text(useful) + " of the server's CPU time went into good answers";
  }
  print_row("overload", name + (limits ? ", limiter on" : ", limiter off"), found);
}

}  // namespace

void measure_overload() {
  // In turns, so that the machine's mood meets both.
  for (const bool limits : {false, true, false, true}) measure("2 ms of computing", compute, true, limits);
  single_resource resource;
  const auto wait_for_it = [&resource](http::request_context&) { return resource.use(); };
  for (const bool limits : {false, true, false, true})
    measure("2 ms alone with a resource", wait_for_it, false, limits);
}

}  // namespace cohort::bench
