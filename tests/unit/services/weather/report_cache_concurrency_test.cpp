// SPDX-License-Identifier: BSL-1.0
// Tests of single flight, limits and cooldowns of the report cache.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/weather_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

using spawned_lookup = spawned_task<report_cache::lookup_result>;

const report_cache::lookup_result& result_of(const spawned_lookup& lookup) {
  REQUIRE(lookup.ended());
  REQUIRE(lookup.outcome().value.has_value());
  return *lookup.outcome().value;
}

weather::location numbered_location(int number) { return {"City " + std::to_string(number), "Land", {}, {}}; }

TEST_CASE("report cache: concurrent lookups of a location share one fetch", "[services][weather]") {
  weather_fixture fixture;
  fixture.wttr.delay = 1s;
  std::deque<spawned_lookup> lookups;
  for (int i = 0; i < 10; ++i) lookups.emplace_back(fixture.time, fixture.lookup_task(paris));
  spawned_lookup other_lookup{fixture.time, fixture.lookup_task(london)};
  fixture.time.run_for(500ms);
  lookups.emplace_back(fixture.time, fixture.lookup_task(paris));
  fixture.time.run_for(600ms);
  for (const auto& lookup : lookups) {
    CHECK(result_of(lookup).report == result_of(lookups.front()).report);
    CHECK(result_of(lookup).report->requested.city == "Paris");
    CHECK_FALSE(result_of(lookup).from_cache);
  }
  CHECK(result_of(other_lookup).report->requested.city == "London");
  CHECK(fixture.wttr.request_count() == 2);
}

TEST_CASE("report cache: a caller's deadline does not end the fetch", "[services][weather]") {
  weather_fixture fixture;
  fixture.wttr.delay = 3s;
  const auto start = fixture.time.now();
  const auto result = fixture.look_up(paris, 1s);
  CHECK(result.report == nullptr);
  CHECK(result.error == "timeout");
  CHECK(fixture.time.now() - start <= 1s + 2 * tick);
  fixture.time.run_for(3s);
  const auto next = fixture.look_up(paris, 1s);
  CHECK(next.from_cache);
  CHECK_FALSE(next.stale);
  CHECK(fixture.wttr.request_count() == 1);
}

TEST_CASE("report cache: a caller whose deadline passes during a fetch receives the stale report",
          "[services][weather]") {
  weather_fixture fixture;
  fixture.look_up();
  fixture.time.run_for(11min);
  fixture.wttr.delay = 3s;
  const auto result = fixture.look_up(paris, GENERATE(duration{1s}, duration{0}, duration{-1s}));
  REQUIRE(result.report != nullptr);
  CHECK(result.stale);
  CHECK(result.error == "timeout");
}

TEST_CASE("report cache: a fetch continues after its first caller is cancelled", "[services][weather]") {
  weather_fixture fixture;
  fixture.wttr.delay = 2s;
  spawned_lookup first{fixture.time, fixture.lookup_task(paris)};
  spawned_lookup second{fixture.time, fixture.lookup_task(paris)};
  fixture.time.run_for(1s);
  first.cancel();
  CHECK(first.ended());
  CHECK_FALSE(second.ended());
  fixture.time.run_for(2s);
  CHECK(result_of(second).error.empty());
  CHECK(fixture.look_up().from_cache);
  CHECK(fixture.wttr.request_count() == 1);
}

task<> ignore_result(task<report_cache::lookup_result> lookup) { co_await std::move(lookup); }

/// Starts 1,000 lookups of different locations after `delay`, and yields to other tasks after each of them.
task<> look_up_locations(weather_fixture* fixture, duration delay) {
  co_await sleep_for(delay);
  for (int i = 0; i < 1000; ++i) {
    fixture->background.spawn(ignore_result(fixture->lookup_task(numbered_location(i), 0s)));
    if (i % 40 == 0) {
      co_await sleep_for(tick);
    } else {
      auto yield = asio::post(loop::current().get_executor(), asio::deferred);
      co_await std::move(yield);
    }
  }
}

TEST_CASE("report cache: a waiting caller receives its report although the cache has evicted the report",
          "[services][weather]") {
  weather_fixture fixture{"http://wttr.test", 1};
  fixture.wttr.delay = 1s;
  spawned_lookup waiting_lookup{fixture.time, fixture.lookup_task(paris)};
  spawned_task<> others{fixture.time, look_up_locations(&fixture, 1s - 8 * tick)};
  fixture.time.run_for(3s);
  CHECK(others.ended());
  CHECK(result_of(waiting_lookup).report != nullptr);
  CHECK(result_of(waiting_lookup).error.empty());
}

TEST_CASE("report cache: waiting callers receive a result when the service stops", "[services][weather]") {
  weather_fixture fixture;
  fixture.wttr.delay = 3s;
  spawned_lookup waiting_lookup{fixture.time, fixture.lookup_task(paris)};
  fixture.time.run_for(1s);
  fixture.time.run(fixture.background.stop());
  fixture.time.run_for(1s);
  CHECK(result_of(waiting_lookup).error == "cancelled");
}

TEST_CASE("report cache: during a cooldown no location is fetched, and cached reports are served",
          "[services][weather]") {
  weather_fixture fixture;
  REQUIRE(fixture.look_up(paris).report != nullptr);
  fixture.wttr.status = http::status::too_many_requests;
  CHECK(fixture.look_up(london).error == "status 429");
  const auto requests = fixture.wttr.request_count();
  const auto rejected_lookup = fixture.look_up(rome);
  CHECK(rejected_lookup.report == nullptr);
  CHECK(rejected_lookup.error == "status 429");
  CHECK(rejected_lookup.retry_after > 4s);
  CHECK(rejected_lookup.retry_after <= 5s);
  CHECK(fixture.wttr.request_count() == requests);
  CHECK(fixture.look_up(paris).report != nullptr);
  fixture.wttr.status = http::status::ok;
  fixture.time.run_for(4s);
  CHECK(fixture.look_up(weather::default_location()).error == "status 429");
  // The rejection does not count as a failure of that location.
  fixture.time.run_for(1s);
  CHECK(fixture.look_up(weather::default_location()).report != nullptr);
  CHECK(fixture.look_up(rome).report != nullptr);
}

TEST_CASE("report cache: the pause of a location can be longer than the provider's cooldown", "[services][weather]") {
  weather_fixture fixture;
  fixture.wttr.body = "<html>";
  fixture.look_up(paris);
  CHECK(fixture.look_up(paris).error == "unexpected answer");
  fixture.time.run_for(5s);
  fixture.look_up(paris);
  fixture.wttr.status = http::status::too_many_requests;
  CHECK(fixture.look_up(london).error == "status 429");
  const auto paused_lookup = fixture.look_up(paris);
  CHECK(paused_lookup.error == "unexpected answer");
  CHECK(paused_lookup.retry_after > 9s);
  CHECK(fixture.look_up(rome).error == "status 429");
}

TEST_CASE("report cache: concurrent fetches are limited", "[services][weather]") {
  weather_fixture fixture;
  fixture.wttr.delay = 1s;
  std::deque<spawned_lookup> lookups;
  for (int i = 0; i < 12; ++i) lookups.emplace_back(fixture.time, fixture.lookup_task(numbered_location(i)));
  fixture.time.run_for(3s);
  CHECK(fixture.wttr.request_count() == 8);
  std::size_t rejected_count = 0;
  for (const auto& lookup : lookups) rejected_count += result_of(lookup).error == "busy" ? 1 : 0;
  CHECK(rejected_count == 4);
  CHECK(fixture.look_up(rome).report != nullptr);
}

TEST_CASE("report cache: background fetches count toward the limit", "[services][weather]") {
  weather_fixture fixture;
  fixture.look_up();
  fixture.time.run_for(10min);
  fixture.wttr.delay = 1s;
  CHECK(fixture.look_up().stale);
  std::deque<spawned_lookup> lookups;
  for (int i = 0; i < 8; ++i) lookups.emplace_back(fixture.time, fixture.lookup_task(numbered_location(i)));
  fixture.time.run_for(2s);
  CHECK(result_of(lookups.back()).error == "busy");
  CHECK(result_of(lookups.at(6)).error.empty());
  CHECK(fixture.look_up(london).error.empty());
}

}  // namespace
}  // namespace cohort
