// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include <cohort/http/client/fetch.hpp>
#include <cohort/sim/fleet.hpp>

using namespace cohort;
using namespace std::chrono_literals;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

/// Returns a route whose asynchronous handler uses CPU time; it is subject to admission control.
http::router cpu_cost_router(duration cost) {
  struct handlers {
    static task<http::response> respond(duration cost) {
      sim::spend_cpu(cost);
      co_return http::json_response("1");
    }
  };
  http::router routes;
  routes.get("/spend", [cost](http::request_context&) { return handlers::respond(cost); });
  routes.get("/", [](http::request_context&) { return http::json_response("1"); });
  return routes;
}

/// A server on a machine, and the response times of requests to it.
struct machine_fixture {
  explicit machine_fixture(std::size_t cores, std::size_t threads, sim::cpu_costs costs, duration handler_cost = 0ms,
                           std::uint64_t seed = 1)
      : fleet(seed),
        machine(fleet.add_machine("m", cores)),
        node(fleet.add_stub_server("server", 80, [handler_cost] { return cpu_cost_router(handler_cost); },
                                   {&machine, threads, std::move(costs)})) {
    sim::link_conditions none;
    none.min_latency = none.max_latency = none.jitter = 0ms;
    fleet.network().set_default_conditions(none);
  }

  static task<> send(machine_fixture& self, std::string path, duration timeout) {
    http::client_request request;
    request.url = *boost::urls::parse_uri("http://server" + path);
    const auto start = loop::current().now();
    const auto response =
        co_await http::fetch(self.fleet.client(), std::move(request), deadline::after(start, timeout));
    self.times.push_back(loop::current().now() - start);
    if (response) ++self.statuses[static_cast<unsigned>(response->status_code())];
  }
  /// Sends requests at the times of a Poisson process.
  static task<> send_poisson_requests(machine_fixture& self, double per_second, int count, std::string path) {
    random_generator random{42};
    const auto start = loop::current().now();
    double seconds = 0;
    for (int i = 0; i < count; ++i) {
      seconds += random.exponential() / per_second;
      auto sleep_task = sleep_until(deadline{start + duration{static_cast<duration::rep>(seconds * 1e9)}});
      co_await std::move(sleep_task);
      self.fleet.spawn(send(self, path, 10s));
    }
  }
  double mean_milliseconds() const {
    double sum = 0;
    for (const auto time : times) sum += to_milliseconds(time);
    return sum / static_cast<double>(times.size());
  }
  std::vector<double> sorted_milliseconds() {
    std::sort(times.begin(), times.end());
    std::vector<double> sorted_times;
    for (const auto time : times) sorted_times.push_back(to_milliseconds(time));
    return sorted_times;
  }

  sim::fleet fleet;
  sim::machine& machine;
  sim::node& node;
  std::vector<duration> times;
  std::map<unsigned, int> statuses;
};

sim::cpu_costs make_read_costs(duration cost) {
  sim::cpu_costs costs;
  costs.read = sim::distribution::constant(cost);
  return costs;
}

/// The timer wheel rounds each arrival up to a tick of 16 µs.
constexpr double tick_tolerance = 0.1;

}  // namespace

TEST_CASE("machine: simultaneous requests to one thread are processed sequentially", "[sim][cpu]") {
  const bool has_handler_cost = GENERATE(false, true);
  machine_fixture fixture{1, 1, has_handler_cost ? sim::cpu_costs{} : make_read_costs(1ms),
                          has_handler_cost ? duration{1ms} : duration{0}};
  for (int i = 0; i < 10; ++i) fixture.fleet.spawn(machine_fixture::send(fixture, "/spend", 10s));
  fixture.fleet.run_for(1s);
  const auto times = fixture.sorted_milliseconds();
  REQUIRE(times.size() == 10);
  for (std::size_t i = 0; i < times.size(); ++i)
    CHECK_THAT(times[i], WithinAbs(static_cast<double>(i + 1), tick_tolerance));
  CHECK(fixture.machine.busy_time() == 10ms);
}

TEST_CASE("machine: two threads run concurrently if there are two cores", "[sim][cpu]") {
  const std::size_t cores = GENERATE(1U, 2U);
  machine_fixture fixture{cores, 2, make_read_costs(1ms)};
  for (int i = 0; i < 10; ++i) fixture.fleet.spawn(machine_fixture::send(fixture, "/", 10s));
  fixture.fleet.run_for(1s);
  CHECK_THAT(fixture.sorted_milliseconds().back(), WithinAbs(cores == 1 ? 10.0 : 5.0, tick_tolerance));
}

TEST_CASE("machine: processes share the cores of the machine", "[sim][cpu]") {
  machine_fixture fixture{1, 1, make_read_costs(1ms)};
  fixture.fleet.add_stub_server("server", 80, [] { return cpu_cost_router(0ms); },
                                {&fixture.machine, 1, make_read_costs(1ms)});
  for (int i = 0; i < 10; ++i) fixture.fleet.spawn(machine_fixture::send(fixture, "/", 10s));
  fixture.fleet.run_for(1s);
  CHECK_THAT(fixture.sorted_milliseconds().back(), WithinAbs(10.0, tick_tolerance));
}

TEST_CASE("machine: a request that arrives during a pause of the core is delayed by the rest of the pause",
          "[sim][cpu]") {
  const bool has_pauses = GENERATE(false, true);
  machine_fixture fixture{1, 1, make_read_costs(100us)};
  if (has_pauses) fixture.machine.set_pauses({10, sim::distribution::constant(4ms)});
  fixture.fleet.spawn(machine_fixture::send_poisson_requests(fixture, 100, 20'000, "/"));
  fixture.fleet.run_for(300s);
  REQUIRE(fixture.times.size() == 20'000);
  const auto times = fixture.sorted_milliseconds();
  const auto late_count = std::count_if(times.begin(), times.end(), [](double time) { return time > 1; });
  // Pauses take 4 % of the time. An arrival in the first 3 ms of a pause waits for more than 1 ms.
  CHECK_THAT(static_cast<double>(late_count) / 20'000, WithinAbs(has_pauses ? 0.03 : 0, 0.005));
  CHECK(times.back() < 12);
  CHECK(fixture.machine.busy_time() == 20'000 * 100us);
}

TEST_CASE("machine: only an idle thread spends the wake-up cost", "[sim][cpu]") {
  auto costs = make_read_costs(10ms);
  costs.wake_up = sim::distribution::constant(1ms);
  const auto time_of = [&](duration interval) {
    machine_fixture fixture{1, 1, costs};
    for (int i = 0; i < 10; ++i) {
      fixture.fleet.spawn(machine_fixture::send(fixture, "/", 10s));
      fixture.fleet.run_for(interval);
    }
    fixture.fleet.run_for(1s);
    CHECK(fixture.statuses[200] == 10);
    return fixture.machine.busy_time();
  };
  // The thread also wakes up for the connection.
  CHECK(time_of(1s) == 100ms + 11 * 1ms);
  CHECK(time_of(0s) == 100ms + 2 * 1ms);
}

TEST_CASE("machine: HTTP costs rise in proportion to the preceding idle time, up to a maximum", "[sim][cpu]") {
  machine_fixture fixture{1, 1, make_read_costs(1ms), 5ms};
  fixture.fleet.spawn(machine_fixture::send(fixture, "/spend", 10s));
  fixture.fleet.run_for(1s);
  fixture.machine.set_idle_slowdown({3, 100ms});
  const auto busy_time_after = [&](duration idle_time) {
    fixture.fleet.run_for(idle_time);
    const auto busy_time_before = fixture.machine.busy_time();
    fixture.fleet.spawn(machine_fixture::send(fixture, "/spend", 10s));
    fixture.fleet.run_for(50ms);
    return to_milliseconds(fixture.machine.busy_time() - busy_time_before);
  };
  // The handler's CPU time is that of a model, which idle time does not affect.
  CHECK_THAT(busy_time_after(1s), WithinAbs(5 + 3, 0.01));
  // The core is idle for the rest of the 50 ms in which each request is processed.
  CHECK_THAT(busy_time_after(0ms), WithinAbs(5 + (1 + 2 * 0.42), 0.01));
  CHECK_THAT(busy_time_after(20ms), WithinAbs(5 + (1 + 2 * 0.632), 0.01));
}

TEST_CASE("machine: preceding idle time slows down only the first request of a busy period", "[sim][cpu]") {
  machine_fixture fixture{1, 1, make_read_costs(1ms)};
  fixture.machine.set_idle_slowdown({3, 10ms});
  const auto busy_time_of = [&](int requests) {
    const auto busy_time_before = fixture.machine.busy_time();
    for (int i = 0; i < requests; ++i) {
      fixture.fleet.spawn(machine_fixture::send(fixture, "/", 10s));
      // The next request arrives before the end of this one.
      fixture.fleet.run_for(500us);
    }
    fixture.fleet.run_for(1s);
    return fixture.machine.busy_time() - busy_time_before;
  };
  fixture.fleet.run_for(1s);
  CHECK(busy_time_of(1) == 3ms);
  CHECK(busy_time_of(4) == 3ms + 3 * 1ms);
}

TEST_CASE("machine: a wake-up takes longer on a slower machine", "[sim][cpu]") {
  sim::cpu_costs costs;
  costs.wake_up = sim::distribution::constant(1ms);
  machine_fixture fixture{1, 1, costs};
  fixture.machine.set_speed(0.25);
  fixture.fleet.spawn(machine_fixture::send(fixture, "/", 10s));
  fixture.fleet.run_for(1s);
  REQUIRE(fixture.times.size() == 1);
  // One wake-up for the connection and one for the request.
  CHECK_THAT(to_milliseconds(fixture.times.front()), WithinAbs(2 * 4.0, tick_tolerance));
}

TEST_CASE("machine: the same work takes longer on a slower machine", "[sim][cpu]") {
  machine_fixture fixture{1, 1, make_read_costs(1ms)};
  fixture.machine.set_speed(0.25);
  fixture.fleet.spawn(machine_fixture::send(fixture, "/", 10s));
  fixture.fleet.run_for(1s);
  CHECK_THAT(fixture.mean_milliseconds(), WithinAbs(4.0, tick_tolerance));
}

// The Pollaczek-Khinchine formula: the mean wait is load × cost × (1 + variance / cost²) / (2 × (1 − load)).
TEST_CASE("machine: the mean response time agrees with queueing theory", "[sim][cpu]") {
  const auto [is_constant, load] = GENERATE(table<bool, double>({{true, 0.8}, {false, 0.5}}));
  sim::cpu_costs costs;
  costs.read = is_constant ? sim::distribution::constant(1ms) : sim::distribution::exponential(1ms);
  constexpr int requests = 6'000;
  machine_fixture fixture{1, 1, std::move(costs)};
  fixture.fleet.spawn(machine_fixture::send_poisson_requests(fixture, load * 1000, requests, "/"));
  fixture.fleet.run_for(60s);
  REQUIRE(fixture.times.size() == requests);
  const double expected = 1 + load * (is_constant ? 1 : 2) / (2 * (1 - load));
  CHECK_THAT(fixture.mean_milliseconds(), WithinRel(expected, 0.15));
  const double busy_seconds = to_seconds(fixture.machine.busy_time());
  CHECK_THAT(busy_seconds, WithinRel(6.0, 0.04));
}

TEST_CASE("machine: admission control sheds the requests that exceed the capacity", "[sim][cpu]") {
  sim::cpu_costs costs = make_read_costs(50us);
  machine_fixture fixture{1, 1, std::move(costs), 950us};
  fixture.fleet.spawn(machine_fixture::send_poisson_requests(fixture, 2000, 6'000, "/spend"));
  fixture.fleet.run_for(30s);
  // 3 s at twice the capacity of 1,000 requests per second.
  CHECK(fixture.statuses[200] > 2'300);
  CHECK(fixture.statuses[200] < 3'400);
  CHECK(fixture.statuses[503] > 2'000);
}

TEST_CASE("machine: routes and calls use their configured CPU time", "[sim][cpu]") {
  sim::cpu_costs costs;
  costs.routes = {{"/spend", sim::distribution::constant(5ms)}, {"/*", sim::distribution::constant(2ms)}};
  machine_fixture fixture{1, 1, std::move(costs)};
  fixture.fleet.spawn(machine_fixture::send(fixture, "/", 10s));
  fixture.fleet.run_for(1s);
  CHECK(fixture.machine.busy_time() == 2ms);
  fixture.fleet.spawn(machine_fixture::send(fixture, "/spend", 10s));
  fixture.fleet.run_for(1s);
  CHECK(fixture.machine.busy_time() == 7ms);
}

TEST_CASE("machine: the same seed produces the same run, and a shutdown leaves no pending work", "[sim][cpu]") {
  const auto run = [](std::uint64_t seed) {
    sim::cpu_costs costs;
    costs.read = sim::distribution::exponential(2ms);
    costs.connection = sim::distribution::constant(100us);
    machine_fixture fixture{1, 2, std::move(costs), 0ms, seed};
    fixture.fleet.spawn(machine_fixture::send_poisson_requests(fixture, 500, 700, "/"));
    fixture.fleet.run_for(500ms);
    fixture.fleet.kill(fixture.node);
    fixture.fleet.run_for(200ms);
    fixture.fleet.start(fixture.node);
    fixture.fleet.run_for(300ms);
    fixture.fleet.network().partition(fixture.node.host(), *fixture.fleet.network().find("client"));
    fixture.fleet.run_for(300ms);
    fixture.fleet.network().heal(fixture.node.host(), *fixture.fleet.network().find("client"));
    fixture.fleet.run_for(20s);
    CHECK(fixture.statuses[200] > 300);
    CHECK(fixture.fleet.recorder().violations().empty());
    fixture.fleet.shutdown();
    CHECK(fixture.fleet.leaks() == sim::no_leaks);
    return fixture.fleet.event_log().hash();
  };
  CHECK(run(3) == run(3));
  CHECK(run(3) != run(4));
}

TEST_CASE("link: a lost segment arrives after TCP's retransmission timeout", "[sim][network]") {
  machine_fixture fixture{1, 1, {}};
  sim::link_conditions lossy_link;
  lossy_link.min_latency = lossy_link.max_latency = 1ms;
  lossy_link.loss = 0.1;
  fixture.fleet.network().set_default_conditions(lossy_link);
  fixture.fleet.spawn(machine_fixture::send_poisson_requests(fixture, 50, 1000, "/"));
  fixture.fleet.run_for(2min);
  const auto times = fixture.sorted_milliseconds();
  REQUIRE(times.size() == 1000);
  const auto late_count = std::count_if(times.begin(), times.end(), [](double time) { return time > 200; });
  // 19 % of the exchanges lose at least one segment.
  CHECK_THAT(static_cast<double>(late_count) / 1000, WithinAbs(0.19, 0.05));
}

TEST_CASE("processor: a thread sends a response that is larger than the capacity of the connection", "[sim][cpu]") {
  const std::string content(300'000, 'x');
  sim::fleet fleet{1};
  auto& machine = fleet.add_machine("m", 1);
  const auto make_router = [&] {
    http::router routes;
    routes.get("/", [&](http::request_context&) {
      http::response response;
      response.body(content, "application/octet-stream");
      return response;
    });
    return routes;
  };
  fleet.add_stub_server("server", 80, make_router, {&machine, 1, make_read_costs(100us)});
  const auto result = fleet.call("http://server/", 1s);
  REQUIRE(result.has_value());
  CHECK(result->body == content);
}
