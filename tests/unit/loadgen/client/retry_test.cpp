// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/loadgen/load_fixture.hpp"

// Tests simulated callers that abandon an attempt after their patience, and retry.
namespace cohort {
namespace {

using namespace cohort::test;

/// Returns the settings for one request of a caller with a patience of 100 ms.
load_settings settings_with_patience(unsigned max_retries) {
  auto settings = constant_load(1, 1s);
  settings.callers = {.patience = 100ms, .max_retries = max_retries};
  return settings;
}

std::string status_response(int code) { return "HTTP/1.1 " + std::to_string(code) + " x\r\nContent-Length: 0\r\n\r\n"; }

/// Records when the requests arrive, and sends no response.
peer_script unresponsive_peer(load_fixture& fixture, std::vector<duration>& arrivals) {
  return [&](net::stream&, std::size_t) -> task<> {
    arrivals.push_back(fixture.since_start());
    co_return;
  };
}

TEST_CASE("retries: a caller abandons an attempt after its patience and retries at most --retries times",
          "[loadgen][client]") {
  load_fixture fixture;
  std::vector<duration> arrivals;
  fixture.serve_script(unresponsive_peer(fixture, arrivals));
  const auto report = fixture.run(settings_with_patience(2));
  const auto& totals = report.totals;
  CHECK(totals.planned == 1);
  CHECK(totals.sent == 3);
  CHECK(totals.retries == 2);
  CHECK(totals.abandoned == 3);
  CHECK(totals.amplification() == 3);
  CHECK(totals.on_time == 0);
  // The request has one outcome. Its response time is at least the sum of all attempts.
  CHECK(loadgen::total_count(totals.outcomes) == 1);
  CHECK(count_of(totals.outcomes, request_outcome::timeout) == 1);
  CHECK(totals.response_time.censored_count() == 1);
  CHECK(totals.response_time.percentile(100).microseconds >= 300'000);
  // Abandoning an attempt closes its connection.
  CHECK(totals.connections_opened == 3);
  REQUIRE(arrivals.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(arrivals[i] >= 100ms * static_cast<int>(i));
    CHECK(arrivals[i] < 100ms * static_cast<int>(i) + 5ms);
  }
}

TEST_CASE("retries: a request is retried only after status 429 or 5xx, or a connection without a response",
          "[loadgen][client]") {
  const auto [code, is_retried] =
      GENERATE(table<int, bool>({{429, true}, {500, true}, {503, true}, {0, true}, {404, false}, {302, false}}));
  CAPTURE(code);
  load_fixture fixture;
  fixture.serve_script([status = code](net::stream& stream, std::size_t number) -> task<> {
    if (number > 1 || status != 0) return send(stream, status_response(number == 1 ? status : 200));
    net::reset_memory_stream(stream);
    return send(stream, "");
  });
  const auto report = fixture.run(settings_with_patience(3));
  const auto& totals = report.totals;
  CHECK(totals.planned == 1);
  CHECK(fixture.request_count == (is_retried ? 2 : 1));
  CHECK(totals.retries == (is_retried ? 1 : 0));
  CHECK(totals.abandoned == 0);
  CHECK(totals.on_time == (code == 404 ? 0 : 1));
  // Only the last response of a request counts.
  CHECK(totals.statuses == std::map<unsigned, std::uint64_t>{{is_retried ? 200U : static_cast<unsigned>(code), 1}});
  CHECK(totals.response_time.percentile(100).microseconds < 5'000);
}

TEST_CASE("retries: the patience for goodput is measured from the start of the request, not of the attempt",
          "[loadgen][client]") {
  const auto [delay, on_time] = GENERATE(table<duration, std::uint64_t>({{0ms, 0}, {-100ms, 1}}));
  load_fixture fixture;
  // The response to the second attempt arrives 100 ms after the start of the request, or immediately.
  fixture.serve_script([late = delay == 0ms](net::stream& stream, std::size_t number) -> task<> {
    if (number == 1 && late) co_return;
    co_await send(stream, status_response(200));
  });
  const auto report = fixture.run(settings_with_patience(1));
  CHECK(count_of(report.totals.outcomes, request_outcome::status_2xx) == 1);
  CHECK(report.totals.on_time == on_time);
}

TEST_CASE("retries: the pause before a retry is random, up to a backoff that doubles with each retry",
          "[loadgen][client]") {
  load_fixture fixture;
  std::vector<duration> arrivals;
  fixture.serve_script([&](net::stream& stream, std::size_t) -> task<> {
    arrivals.push_back(fixture.since_start());
    co_await send(stream, status_response(503));
  });
  auto settings = constant_load(1, 1s);
  settings.callers = {.max_retries = 3, .backoff = 1s};
  const auto report = fixture.run(settings);
  CHECK(count_of(report.totals.outcomes, request_outcome::status_503) == 1);
  CHECK(report.totals.abandoned == 0);
  REQUIRE(arrivals.size() == 4);
  bool has_long_pause = false;
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(arrivals[i] - arrivals[i - 1] <= 1s * (1 << (i - 1)) + 5ms);
    has_long_pause |= arrivals[i] - arrivals[i - 1] > 100ms;
  }
  CHECK(has_long_pause);
}

TEST_CASE("retries: a caller that waits for a connection also abandons its request after its patience",
          "[loadgen][client]") {
  load_fixture fixture;
  std::vector<duration> arrivals;
  fixture.serve_script(unresponsive_peer(fixture, arrivals));
  auto settings = constant_load(1, 0s);
  settings.profile.begin_phase("burst").add_burst(2, 10ms);
  settings.connections = 1;
  settings.callers = {.patience = 100ms};
  const auto report = fixture.run(settings);
  CHECK(report.totals.planned == 2);
  CHECK(report.totals.abandoned == 2);
  CHECK(arrivals.size() == 1);
  CHECK(count_of(report.totals.outcomes, request_outcome::timeout) == 1);
  CHECK(count_of(report.totals.outcomes, request_outcome::unsent) == 1);
  CHECK(report.run_duration < 150ms);
}

TEST_CASE("retries: the timeout limits a request over all attempts", "[loadgen][client]") {
  load_fixture fixture;
  std::vector<duration> arrivals;
  fixture.serve_script(unresponsive_peer(fixture, arrivals));
  auto settings = settings_with_patience(100);
  settings.timeout = 250ms;
  const auto report = fixture.run(settings);
  CHECK(arrivals.size() == 3);
  CHECK(report.totals.response_time.percentile(100).microseconds < 260'000);
}

TEST_CASE("retries: each attempt sends the remaining time until the deadline", "[loadgen][client]") {
  load_fixture fixture;
  std::vector<std::string> timeouts;
  fixture.routes.get("/", [&](http::request_context& request) -> task<http::response> {
    timeouts.emplace_back(request.head().find("x-envoy-expected-rq-timeout-ms").value_or("none"));
    auto sleep_task = sleep_for(1h);
    co_await std::move(sleep_task);
    co_return http::response{};
  });
  fixture.serve();
  auto settings = settings_with_patience(2);
  settings.deadline = 250ms;
  fixture.run(settings);
  REQUIRE(timeouts.size() == 3);
  CHECK(timeouts[0] == "250");
  CHECK(std::stoi(timeouts[1]) <= 150);
  CHECK(std::stoi(timeouts[1]) >= 145);
  CHECK(std::stoi(timeouts[2]) <= 50);
  CHECK(std::stoi(timeouts[2]) >= 45);
}

TEST_CASE("retries: a request whose retry would start after the end of an interrupted run is unfinished",
          "[loadgen][client]") {
  load_fixture fixture;
  fixture.serve_script([](net::stream& stream, std::size_t) { return send(stream, status_response(503)); });
  auto settings = constant_load(1, 1s);
  settings.callers = {.max_retries = 100, .backoff = 1min};
  settings.timeout = 1h;
  const auto stop_later = [](loadgen::load_run& run) -> task<> {
    auto sleep_task = sleep_for(500ms);
    co_await std::move(sleep_task);
    run.stop("stopped");
  };
  const auto report = fixture.run(settings, stop_later);
  CHECK(loadgen::total_count(report.totals.outcomes) == 1);
  CHECK(count_of(report.totals.outcomes, request_outcome::unfinished) == 1);
}

}  // namespace
}  // namespace cohort
