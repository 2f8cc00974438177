#include "loadgen/load_run.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/loadgen/load_site.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using loadgen::percentile_value;
using loadgen::request_rate;

/// Within the histogram's three digits, and some ticks of the timer wheel and of the queue behind a stall.
bool is_about(const percentile_value& got, duration wanted) {
  const auto us = static_cast<double>(wanted.count()) / 1000;
  const auto value = static_cast<double>(got.microseconds);
  return !got.lower_bound && value >= us * 0.999 && value <= us * 1.002 + 2000;
}

/// Answers at once, but from 4 s to 5 s after the start not at all.
duration stalls_for_a_second(duration since_start) {
  return since_start >= 4s && since_start < 5s ? 5s - since_start : 0s;
}

TEST_CASE("A server that stalls for a second once shows with all the requests that it kept waiting") {
  load_site site;
  site.serve_after(stalls_for_a_second);
  auto settings = constant_load(100, 10s);
  // One connection sends nothing while it waits, many go on; who asks waits as long in either case.
  settings.connections = GENERATE(1, 256);
  CAPTURE(settings.connections);
  const auto found = site.run(settings);

  CHECK(found.all.planned == 1000);
  CHECK(found.all.sent == 1000);
  CHECK(site.served == 1000);
  CHECK(count(found.all, outcome::status_2xx) == 1000);
  // Those meant for 4.00 s, 4.01 s … 4.99 s waited 1 s, 0.99 s … 0.01 s: 100 of 1000, so that of rank 991 to 1000 are
  // 0.91 s and more.
  const auto& response = found.all.response;
  CHECK(is_about(response.percentile(99), 900ms));
  CHECK(is_about(response.percentile(95), 500ms));
  CHECK(is_about(response.percentile(90.1), 10ms));
  CHECK(is_about(response.percentile(90), 0ms));
  CHECK(is_about(response.percentile(100), 1s));
}

TEST_CASE("What one connection hides in the service time is in the connection wait") {
  load_site site;
  site.serve_after(stalls_for_a_second);
  auto settings = constant_load(100, 10s);
  settings.connections = 1;
  const auto found = site.run(settings);
  // Only one request saw the stall from its own sending: a closed loop would have shown a p99 of nothing.
  CHECK(found.all.service.percentile(99) < 2000);
  CHECK(found.all.service.max() >= 999'000);
  CHECK(found.all.connection_wait.percentile(99) >= 880'000);
  CHECK(found.all.dispatch_lag.max() <= 50);
}

TEST_CASE("Delays of known lengths come out as they are") {
  load_site site;
  site.serve_after([](duration at) { return at < 5s ? duration{20ms} : at < 9s ? duration{50ms} : duration{200ms}; });
  const auto found = site.run(constant_load(200, 10s));
  CHECK(found.all.planned == 2000);
  CHECK(is_about(found.all.response.percentile(25), 20ms));
  CHECK(is_about(found.all.response.percentile(50), 20ms));
  CHECK(is_about(found.all.response.percentile(50.1), 50ms));
  CHECK(is_about(found.all.response.percentile(90), 50ms));
  CHECK(is_about(found.all.response.percentile(90.1), 200ms));
  CHECK(is_about({found.all.service.percentile(50), false}, 20ms));
}

TEST_CASE("Each target has its share, and the server's own count agrees to the request") {
  load_site site;
  std::uint64_t hits[3] = {};
  const char* const paths[] = {"/a", "/b", "/c"};
  for (std::size_t i = 0; i < 3; ++i) {
    site.routes.get(paths[i], [&hits, i](http::request_context&) {
      ++hits[i];
      return http::response{}.body("x", "text/plain");
    });
  }
  site.serve();
  auto settings = constant_load(60, 10s);
  settings.targets = {target_at("a", "http://192.0.2.80/a", 1), target_at("b", "http://192.0.2.80/b", 2),
                      target_at("c", "http://192.0.2.80/c", 3)};
  settings.spread = GENERATE(loadgen::arrival_kind::constant, loadgen::arrival_kind::poisson);
  const auto found = site.run(settings);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(found.by_target[i].sent == hits[i]);
    CHECK(count(found.by_target[i], outcome::status_2xx) == hits[i]);
    // In every period of six requests.
    const auto wanted = found.all.planned * (i + 1) / 6;
    CHECK(hits[i] + 1 >= wanted);
    CHECK(hits[i] <= wanted + 1);
  }
}

TEST_CASE("The intervals add up to the whole, and the phases too") {
  load_site site;
  site.serve_after([](duration) { return 30ms; });
  auto settings = constant_load(10, 2s);
  settings.schedule.begin_phase("more").add_constant(2500ms, request_rate::per_second(40));
  const auto found = site.run(settings);

  CHECK(found.all.planned == 120);
  CHECK(found.phases.at(0).all.planned == 20);
  CHECK(found.phases.at(1).all.planned == 100);
  REQUIRE(found.intervals.size() == 5);
  std::uint64_t planned = 0;
  std::uint64_t answered = 0;
  for (std::size_t i = 0; i < found.intervals.size(); ++i) {
    CHECK(found.intervals[i].start == i * 1s);
    planned += found.intervals[i].all.planned;
    answered += found.intervals[i].targets.at(0).answered;
  }
  CHECK(found.intervals[0].all.planned == 10);
  CHECK(found.intervals[2].all.planned == 40);
  CHECK(found.intervals[3].phase == 1);
  CHECK(planned == 120);
  CHECK(answered == 120);
}

TEST_CASE("Several workers tell one story") {
  load_site site;
  site.serve_after([](duration) { return 5ms; });
  auto settings = constant_load(100, 3s);
  settings.targets = {target_at("a"), target_at("b")};
  // On a virtual clock they share the loop.
  auto& only = site.time.main_loop();
  const loadgen::stage where{only, {&only, &only, &only}, site.network, [] { return duration{}; }};
  loadgen::load_run running{where, settings};
  site.time.run(running.run());
  const auto& found = running.findings();
  CHECK(found.all.planned == 300);
  CHECK(count(found.all, outcome::status_2xx) == 300);
  CHECK(found.by_target[0].planned == 150);
  CHECK(found.by_target[1].planned == 150);
  CHECK(found.intervals.size() >= 3);
  CHECK(found.intervals[1].all.planned == 100);
}

TEST_CASE("A closed loop sends the next request when the last is answered, on each connection") {
  load_site site;
  site.serve_after([](duration) { return 10ms; });
  auto settings = constant_load(1, 10s);
  settings.closed_loop = true;
  settings.schedule = {};
  settings.schedule.begin_phase("as fast as possible").add_constant(10s, {});
  settings.connections = 4;
  const auto found = site.run(settings);
  // 4 connections × 100 a second × 10 s, less what the ticks of the timers take.
  CHECK(found.all.planned > 3900);
  CHECK(found.all.planned <= 4000);
  CHECK(found.all.planned == site.served);
  CHECK(count(found.all, outcome::status_2xx) == site.served);
  CHECK(found.all.connections_opened == 4);
  CHECK(found.took >= 10s);
  CHECK(found.took < 10050ms);
}

task<> stop_at(loadgen::load_run& which, duration when) {
  auto sleeping = sleep_for(when);
  co_await std::move(sleeping);
  which.stop("because");
}

TEST_CASE("What is under way or waits when a run is stopped is counted, and so are its waits") {
  load_site site;
  site.serve_after([](duration) { return 60s; });
  auto settings = constant_load(10, 10s);
  settings.connections = 4;
  const auto found = site.run(settings, [](loadgen::load_run& which) { return stop_at(which, 2020ms); });
  // Those meant for 0, 0.1 … 1.9 s, and that of 2.0 s at the moment itself.
  CHECK(found.all.planned >= 20);
  CHECK(found.all.planned <= 21);
  CHECK(count(found.all, outcome::unfinished) == 4);
  CHECK(count(found.all, outcome::unsent) == found.all.planned - 4);
  CHECK(loadgen::total(found.all.outcomes) == found.all.planned);
  CHECK(found.all.response.known().count() == 0);
  CHECK(found.all.response.percentile(100).lower_bound);
  CHECK(found.all.response.percentile(100).microseconds >= 1'990'000);
}

TEST_CASE("A run ends as soon as an objective cannot be met any more") {
  load_site site;
  site.serve_after([](duration at) { return at < 3s ? duration{1ms} : duration{300ms}; });
  auto settings = constant_load(100, 100s);
  settings.abort_on.push_back(*loadgen::parse_objective("site:p99<100ms"));
  const auto found = site.run(settings);
  // One in a hundred of 10,000 may be late; from 3 s on all are, so that of 4.0 s is the 101st.
  CHECK(found.all.planned > 400);
  CHECK(found.all.planned < 700);
  CHECK(loadgen::total(found.all.outcomes) == found.all.planned);
}

TEST_CASE("Requests wait for a connection as long as they may, and then are told of as never sent") {
  load_site site;
  site.serve_after([](duration) { return 60s; });
  auto settings = constant_load(1, 1s);
  settings.schedule = {};
  settings.schedule.begin_phase("burst").add_burst(10, 3s);
  settings.connections = 2;
  settings.timeout = 1s;
  const auto found = site.run(settings);
  CHECK(found.all.planned == 10);
  CHECK(found.all.sent == 2);
  CHECK(count(found.all, outcome::timeout) == 2);
  CHECK(count(found.all, outcome::unsent) == 8);
  CHECK(found.all.response.percentile(50) == percentile_value{found.all.response.percentile(50).microseconds, true});
  CHECK(found.all.response.percentile(50).microseconds >= 1'000'000);
}

TEST_CASE("Requests that are meant to start at once do, and only then are connections made for them") {
  load_site site;
  site.serve_after([](duration) { return 1ms; });
  auto settings = constant_load(1, 1s);
  settings.schedule = {};
  settings.schedule.begin_phase("burst").add_burst(1000, 1s);
  settings.connections = 1000;
  const auto found = site.run(settings);
  CHECK(count(found.all, outcome::status_2xx) == 1000);
  CHECK(found.all.dispatch_lag.max() <= 50);
}

task<http::response> answer_in(duration span) {
  auto sleeping = sleep_for(span);
  co_await std::move(sleeping);
  co_return http::response{}.body("x", "text/plain");
}

TEST_CASE("Goodput counts good answers within the deadline, which the server is told of") {
  load_site site;
  std::optional<std::string> told;
  site.routes.get("/", [&](http::request_context& context) {
    told = context.head().find("x-envoy-expected-rq-timeout-ms");
    return answer_in(site.since_start() < 1s ? 10ms : 80ms);
  });
  site.serve();
  auto settings = constant_load(10, 2s);
  settings.time_limit = 50ms;
  const auto found = site.run(settings);
  CHECK(found.all.on_time == 10);
  CHECK(told == "50");
}

}  // namespace
}  // namespace cohort
