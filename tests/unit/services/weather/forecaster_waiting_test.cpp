#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/weather_stage.hpp"

// Who waits for a fetch, how many there are, and who is left alone after it failed.
namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("However many ask at once, the provider is asked once for a place") {
  weather_stage stage;
  stage.provider.delay = 1s;
  std::deque<asker> askers;
  for (int i = 0; i < 10; ++i) askers.emplace_back(stage.time, stage.asking(paris));
  asker elsewhere{stage.time, stage.asking(london)};
  stage.time.run_for(500ms);
  askers.emplace_back(stage.time, stage.asking(paris));
  stage.time.run_for(600ms);
  for (const auto& each : askers) {
    CHECK(answer_of(each).weather == answer_of(askers.front()).weather);
    CHECK(answer_of(each).weather->where.city == "Paris");
    CHECK_FALSE(answer_of(each).from_cache);
  }
  CHECK(answer_of(elsewhere).weather->where.city == "London");
  CHECK(stage.provider.asked() == 2);
}

TEST_CASE("Whoever has less time than the fetch is answered in time, and the fetch goes on for the others") {
  weather_stage stage;
  stage.provider.delay = 3s;
  const auto start = stage.time.now();
  const auto got = stage.ask(paris, 1s);
  CHECK(got.weather == nullptr);
  CHECK(got.error == "timeout");
  CHECK(stage.time.now() - start <= 1s + 2 * tick);
  stage.time.run_for(3s);
  const auto next = stage.ask(paris, 1s);
  CHECK(next.from_cache);
  CHECK_FALSE(next.stale);
  CHECK(stage.provider.asked() == 1);
}

TEST_CASE("Whoever has no time left for a new report gets the old one") {
  weather_stage stage;
  stage.ask();
  stage.time.run_for(11min);
  stage.provider.delay = 3s;
  const auto got = stage.ask(paris, GENERATE(duration{1s}, duration{0}, duration{-1s}));
  REQUIRE(got.weather != nullptr);
  CHECK(got.stale);
  CHECK(got.error == "timeout");
}

TEST_CASE("The fetch does not end with the one who asked for it first") {
  weather_stage stage;
  stage.provider.delay = 2s;
  asker first{stage.time, stage.asking(paris)};
  asker second{stage.time, stage.asking(paris)};
  stage.time.run_for(1s);
  first.cancel();
  CHECK(first.ended());
  CHECK_FALSE(second.ended());
  stage.time.run_for(2s);
  CHECK(answer_of(second).error.empty());
  CHECK(stage.ask().from_cache);
  CHECK(stage.provider.asked() == 1);
}

task<> without_answer(task<forecaster::answer> asked) { co_await std::move(asked); }

/// Asks for places without end, between any two steps of whatever else happens around the moment `pause` from now.
task<> ask_for_many(weather_stage* stage, duration pause) {
  co_await sleep_for(pause);
  for (std::size_t i = 0; i < 1000; ++i) {
    const weather::place somewhere{"City" + std::string(i, 'x'), "Land", {}, {}};
    stage->work.spawn(without_answer(stage->asking(somewhere, 0s)));
    if (i % 40 == 0) {
      co_await sleep_for(tick);
    } else {
      auto turn = asio::post(loop::current().get_executor(), asio::deferred);
      co_await std::move(turn);
    }
  }
}

TEST_CASE("Whoever waited for a report gets it, even where the cache has no place for it any more") {
  weather_stage stage{"http://wttr.test", 1};
  stage.provider.delay = 1s;
  asker waits{stage.time, stage.asking(paris)};
  lone_task<> crowd{stage.time, ask_for_many(&stage, 1s - 8 * tick)};
  stage.time.run_for(3s);
  CHECK(crowd.ended());
  CHECK(answer_of(waits).weather != nullptr);
  CHECK(answer_of(waits).error.empty());
}

TEST_CASE("When the service ends, those who wait hear of it") {
  weather_stage stage;
  stage.provider.delay = 3s;
  asker waits{stage.time, stage.asking(paris)};
  stage.time.run_for(1s);
  stage.time.run(stage.work.stop());
  stage.time.run_for(1s);
  CHECK(answer_of(waits).error == "cancelled");
}

TEST_CASE("A provider that is ill is left alone for all places, and answers for none of them are made up") {
  weather_stage stage;
  REQUIRE(stage.ask(paris).weather != nullptr);
  stage.provider.code = http::status::internal_server_error;
  CHECK(stage.ask(london).error == "status 500");
  const auto asked = stage.provider.asked();
  const auto refused = stage.ask(rome);
  CHECK(refused.weather == nullptr);
  CHECK(refused.error == "status 500");
  CHECK(refused.retry_after > 4s);
  CHECK(refused.retry_after <= 5s);
  CHECK(stage.provider.asked() == asked);
  CHECK(stage.ask(paris).weather != nullptr);
  stage.provider.code = http::status::ok;
  stage.time.run_for(4s);
  CHECK(stage.ask(weather::default_place()).error == "status 500");
  // That place has not failed, so it has no rest of its own.
  stage.time.run_for(1s);
  CHECK(stage.ask(weather::default_place()).weather != nullptr);
  CHECK(stage.ask(rome).weather != nullptr);
}

TEST_CASE("A place that failed by itself rests for itself, and longer than the provider if it has to") {
  weather_stage stage;
  stage.provider.code = http::status::not_found;
  stage.ask(paris);
  CHECK(stage.ask(paris).error == "status 404");
  stage.time.run_for(5s);
  stage.ask(paris);
  stage.provider.code = http::status::bad_gateway;
  CHECK(stage.ask(london).error == "status 502");
  const auto resting = stage.ask(paris);
  CHECK(resting.error == "status 404");
  CHECK(resting.retry_after > 9s);
  CHECK(stage.ask(rome).error == "status 502");
}

TEST_CASE("So many fetches are under way at once and no more, whatever places are asked for") {
  weather_stage stage;
  stage.provider.delay = 1s;
  std::vector<std::unique_ptr<asker>> askers;
  for (char c = 'a'; c < 'a' + 12; ++c) {
    const weather::place somewhere{std::string(3, c), "Land", {}, {}};
    askers.push_back(std::make_unique<asker>(stage.time, stage.asking(somewhere)));
  }
  stage.time.run_for(3s);
  CHECK(stage.provider.asked() == 8);
  std::size_t busy = 0;
  for (const auto& each : askers) busy += answer_of(*each).error == "busy" ? 1 : 0;
  CHECK(busy == 4);
  CHECK(stage.ask(rome).weather != nullptr);
}

}  // namespace
}  // namespace cohort
