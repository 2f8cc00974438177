// SPDX-License-Identifier: BSL-1.0
#include "loadgen/engine/load_run.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/loadgen/load_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using loadgen::percentile_value;
using loadgen::request_rate;

/// Returns whether the difference is explained by the histogram's three digits, some ticks of the timer wheel, and the
/// queue after a stall.
bool is_close_to(const percentile_value& actual, duration expected) {
  const auto us = static_cast<double>(expected.count()) / 1000;
  const auto value = static_cast<double>(actual.microseconds);
  return !actual.is_lower_bound && value >= us * 0.999 && value <= us * 1.002 + 2000;
}

/// Returns the delay of a server that stalls from 4 s to 5 s after the start.
duration delay_of_stall(duration since_start) { return since_start >= 4s && since_start < 5s ? 5s - since_start : 0s; }

TEST_CASE("load run: a stall of one second delays all requests scheduled during it (no coordinated omission)",
          "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed(delay_of_stall);
  auto settings = constant_load(100, 10s);
  // During the stall, a single connection sends no requests, but many connections continue to send. The response times
  // are the same.
  settings.connections = GENERATE(1, 256);
  CAPTURE(settings.connections);
  const auto report = fixture.run(settings);

  CHECK(report.totals.planned == 1000);
  CHECK(report.totals.sent == 1000);
  CHECK(fixture.request_count == 1000);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 1000);
  // The requests scheduled at 4.00 s, 4.01 s … 4.99 s take 1 s, 0.99 s … 0.01 s: 100 of 1000. The ten longest response
  // times are at least 0.91 s.
  const auto& response = report.totals.response_time;
  CHECK(is_close_to(response.percentile(99), 900ms));
  CHECK(is_close_to(response.percentile(95), 500ms));
  CHECK(is_close_to(response.percentile(90.1), 10ms));
  CHECK(is_close_to(response.percentile(90), 0ms));
  CHECK(is_close_to(response.percentile(100), 1s));
}

TEST_CASE("load run: with one connection, a stall appears in the connection wait instead of the service time",
          "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed(delay_of_stall);
  auto settings = constant_load(100, 10s);
  settings.connections = 1;
  const auto report = fixture.run(settings);
  // Only one request was in flight during the stall: a closed loop would measure a p99 of almost zero.
  CHECK(report.totals.service_time.percentile(99) < 2000);
  CHECK(report.totals.service_time.max() >= 999'000);
  CHECK(report.totals.connection_wait.percentile(99) >= 880'000);
  CHECK(report.totals.dispatch_lag.max() <= 50);
}

TEST_CASE("load run: the percentiles of known delays are exact", "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration time) {
    return time < 5s ? duration{20ms} : time < 9s ? duration{50ms} : duration{200ms};
  });
  const auto report = fixture.run(constant_load(200, 10s));
  CHECK(report.totals.planned == 2000);
  CHECK(is_close_to(report.totals.response_time.percentile(25), 20ms));
  CHECK(is_close_to(report.totals.response_time.percentile(50), 20ms));
  CHECK(is_close_to(report.totals.response_time.percentile(50.1), 50ms));
  CHECK(is_close_to(report.totals.response_time.percentile(90), 50ms));
  CHECK(is_close_to(report.totals.response_time.percentile(90.1), 200ms));
  CHECK(is_close_to({report.totals.service_time.percentile(50), false}, 20ms));
}

TEST_CASE("load run: each target receives its share of the requests, and the server counts the same number",
          "[loadgen][engine]") {
  load_fixture fixture;
  std::uint64_t received[3] = {};
  const char* const paths[] = {"/a", "/b", "/c"};
  for (std::size_t i = 0; i < 3; ++i) {
    fixture.routes.get(paths[i], [&received, i](http::request_context&) {
      ++received[i];
      return http::response{}.body("x", "text/plain");
    });
  }
  fixture.serve();
  auto settings = constant_load(60, 10s);
  settings.targets = {make_target("a", "http://192.0.2.80/a", 1), make_target("b", "http://192.0.2.80/b", 2),
                      make_target("c", "http://192.0.2.80/c", 3)};
  settings.arrivals = GENERATE(loadgen::arrival_process::constant, loadgen::arrival_process::poisson);
  const auto report = fixture.run(settings);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(report.target_stats[i].sent == received[i]);
    CHECK(count_of(report.target_stats[i].outcomes, request_outcome::status_2xx) == received[i]);
    // The period is six requests.
    const auto share = report.totals.planned * (i + 1) / 6;
    CHECK(received[i] + 1 >= share);
    CHECK(received[i] <= share + 1);
  }
}

TEST_CASE("load run: the intervals and the phases add up to the totals", "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration) { return 30ms; });
  auto settings = constant_load(10, 2s);
  settings.profile.begin_phase("more").add_constant(2500ms, request_rate::per_second(40));
  const auto report = fixture.run(settings);

  CHECK(report.totals.planned == 120);
  CHECK(report.phases.at(0).totals.planned == 20);
  CHECK(report.phases.at(1).totals.planned == 100);
  REQUIRE(report.intervals.size() == 5);
  std::uint64_t planned_count = 0;
  std::uint64_t answered_count = 0;
  for (std::size_t i = 0; i < report.intervals.size(); ++i) {
    CHECK(report.intervals[i].start == i * 1s);
    planned_count += report.intervals[i].totals.planned;
    answered_count += report.intervals[i].target_stats.at(0).answered;
  }
  CHECK(report.intervals[0].totals.planned == 10);
  CHECK(report.intervals[2].totals.planned == 40);
  CHECK(report.intervals[3].phase == 1);
  CHECK(planned_count == 120);
  CHECK(answered_count == 120);
}

TEST_CASE("load run: the statistics of several workers are merged", "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration) { return 5ms; });
  auto settings = constant_load(100, 3s);
  settings.targets = {make_target("a"), make_target("b")};
  // On a virtual clock the workers share a loop.
  auto environment = fixture.environment();
  environment.worker_loops.assign(3, &fixture.time.event_loop());
  loadgen::load_run run{environment, settings};
  fixture.time.run(run.run());
  const auto& report = run.current_report();
  CHECK(report.totals.planned == 300);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 300);
  CHECK(report.target_stats[0].planned == 150);
  CHECK(report.target_stats[1].planned == 150);
  CHECK(report.intervals.size() >= 3);
  CHECK(report.intervals[1].totals.planned == 100);
}

TEST_CASE("load run: a closed loop sends the next request on each connection after the response", "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration) { return 10ms; });
  auto settings = constant_load(1, 10s);
  settings.closed_loop = true;
  settings.profile = {};
  settings.profile.begin_phase("as fast as possible").add_constant(10s, {});
  settings.connections = 4;
  const auto report = fixture.run(settings);
  // 4 connections × 100 requests/s × 10 s, less the ticks of the timers.
  CHECK(report.totals.planned > 3900);
  CHECK(report.totals.planned <= 4000);
  CHECK(report.totals.planned == fixture.request_count);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == fixture.request_count);
  CHECK(report.totals.connections_opened == 4);
  CHECK(report.run_duration >= 10s);
  CHECK(report.run_duration < 10050ms);
}

task<> stop_after(loadgen::load_run& run, duration delay) {
  auto sleep_task = sleep_for(delay);
  co_await std::move(sleep_task);
  run.stop("Stopped by the test.");
}

TEST_CASE("load run: a stopped run counts requests in flight and waiting requests with their time so far",
          "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration) { return 60s; });
  auto settings = constant_load(10, 10s);
  settings.connections = 4;
  const auto report = fixture.run(settings, [](loadgen::load_run& run) { return stop_after(run, 2020ms); });
  // The requests scheduled at 0, 0.1 … 1.9 s; the request scheduled at 2.0 s may be included.
  CHECK(report.totals.planned >= 20);
  CHECK(report.totals.planned <= 21);
  CHECK(count_of(report.totals.outcomes, request_outcome::unfinished) == 4);
  CHECK(count_of(report.totals.outcomes, request_outcome::unsent) == report.totals.planned - 4);
  CHECK(loadgen::total_count(report.totals.outcomes) == report.totals.planned);
  CHECK(report.totals.response_time.observed().count() == 0);
  CHECK(report.totals.response_time.percentile(100).is_lower_bound);
  CHECK(report.totals.response_time.percentile(100).microseconds >= 1'990'000);
}

TEST_CASE("load run: the run ends as soon as an objective can no longer be met", "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration time) { return time < 3s ? duration{1ms} : duration{300ms}; });
  auto settings = constant_load(100, 100s);
  settings.abort_objectives.push_back(*loadgen::parse_objective("site:p99<100ms"));
  const auto report = fixture.run(settings);
  // One percent of 10,000 requests may be late. From 3 s on, all requests are late; the request scheduled at 4.0 s is
  // the 101st late one.
  CHECK(report.totals.planned > 400);
  CHECK(report.totals.planned < 700);
  CHECK(loadgen::total_count(report.totals.outcomes) == report.totals.planned);
}

TEST_CASE("load run: requests wait for a connection until their timeout, then count as unsent", "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration) { return 60s; });
  auto settings = constant_load(1, 1s);
  settings.profile = {};
  settings.profile.begin_phase("burst").add_burst(10, 3s);
  settings.connections = 2;
  settings.timeout = 1s;
  const auto report = fixture.run(settings);
  CHECK(report.totals.planned == 10);
  CHECK(report.totals.sent == 2);
  CHECK(count_of(report.totals.outcomes, request_outcome::timeout) == 2);
  CHECK(count_of(report.totals.outcomes, request_outcome::unsent) == 8);
  CHECK(report.totals.response_time.percentile(50).is_lower_bound);
  CHECK(report.totals.response_time.percentile(50).microseconds >= 1'000'000);
}

TEST_CASE("load run: requests of a burst start together, before their connections are opened", "[loadgen][engine]") {
  load_fixture fixture;
  fixture.serve_delayed([](duration) { return 1ms; });
  auto settings = constant_load(1, 1s);
  settings.profile = {};
  settings.profile.begin_phase("burst").add_burst(1000, 1s);
  settings.connections = 1000;
  const auto report = fixture.run(settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 1000);
  CHECK(report.totals.dispatch_lag.max() <= 50);
}

task<http::response> respond_after(duration span) {
  auto sleep_task = sleep_for(span);
  co_await std::move(sleep_task);
  co_return http::response{}.body("x", "text/plain");
}

TEST_CASE("load run: goodput counts successes within the deadline, which is sent to the server", "[loadgen][engine]") {
  load_fixture fixture;
  std::optional<std::string> deadline_header;
  fixture.routes.get("/", [&](http::request_context& context) {
    deadline_header = context.head().find("x-envoy-expected-rq-timeout-ms");
    return respond_after(fixture.since_start() < 1s ? 10ms : 80ms);
  });
  fixture.serve();
  auto settings = constant_load(10, 2s);
  settings.deadline = 50ms;
  const auto report = fixture.run(settings);
  CHECK(report.totals.on_time == 10);
  CHECK(deadline_header == "50");
}

}  // namespace
}  // namespace cohort
