#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/weather_stage.hpp"

// What is given of what is known: from the cache, old, from another provider, or none.
namespace cohort {
namespace {

using namespace cohort::test;

TEST_CASE("The first report comes from the provider, the next ones from the cache, as long as it is fresh") {
  weather_stage stage;
  const auto first = stage.ask();
  REQUIRE(first.weather != nullptr);
  CHECK(first.weather->temperature_c == "21");
  CHECK_FALSE(first.from_cache);
  CHECK(first.error.empty());
  CHECK(stage.provider.targets == std::vector<std::string>{"/Paris,France?format=j1"});
  stage.time.run_for(9min);
  const auto second = stage.ask();
  CHECK(second.weather == first.weather);
  CHECK(second.from_cache);
  CHECK_FALSE(second.stale);
  CHECK(second.age >= 9min);
  CHECK(second.age < 9min + 1s);
  CHECK(stage.provider.asked() == 1);
  stage.time.run_for(2min);
  stage.provider.body = wttr_answer("22");
  const auto third = stage.ask();
  CHECK(third.weather->temperature_c == "22");
  CHECK_FALSE(third.from_cache);
  CHECK(stage.series("weather_service_cache_hits_total") == 1);
  CHECK(stage.series("weather_service_cache_misses_total") == 2);
}

TEST_CASE("A report that has just got old is given at once, and a new one is fetched meanwhile, once") {
  weather_stage stage;
  CHECK(stage.stale_answers("revalidate") == 0);
  const auto first = stage.ask();
  stage.time.run_for(10min);
  stage.provider.body = wttr_answer("22");
  stage.provider.delay = 3s;
  const auto start = stage.time.now();
  for (int i = 0; i < 3; ++i) {
    const auto old = stage.ask();
    CHECK(old.weather == first.weather);
    CHECK(old.from_cache);
    CHECK(old.stale);
    CHECK(old.error.empty());
    CHECK(old.age >= 10min);
    CHECK(old.age < 10min + 1s);
  }
  CHECK(stage.time.now() == start);
  CHECK(stage.series("weather_service_cache_hits_total") == 3);
  CHECK(stage.series("weather_service_cache_misses_total") == 1);
  CHECK(stage.stale_answers("revalidate") == 3);
  stage.time.run_for(4s);
  const auto renewed = stage.ask();
  CHECK(renewed.weather->temperature_c == "22");
  CHECK(renewed.from_cache);
  CHECK_FALSE(renewed.stale);
  CHECK(stage.provider.asked() == 2);
  CHECK(stage.stale_answers("revalidate") == 3);
  CHECK(stage.stale_answers("error") == 0);
}

TEST_CASE("A minute after a report got old, callers wait for a new one") {
  weather_stage stage;
  stage.ask();
  stage.time.run_for(11min);
  stage.provider.delay = 1s;
  const auto start = stage.time.now();
  CHECK_FALSE(stage.ask().from_cache);
  CHECK(stage.time.now() - start >= 1s);
}

TEST_CASE("Where a new report cannot be had in the background, the next one to ask hears of it") {
  weather_stage stage;
  stage.ask();
  stage.time.run_for(10min);
  stage.provider.code = http::status::bad_gateway;
  CHECK(stage.ask().error.empty());
  stage.time.run_for(1s);
  const auto next = stage.ask();
  CHECK(next.stale);
  CHECK(next.error == "status 502");
  CHECK(next.retry_after > 3s);
  CHECK(next.retry_after < 5s);
  CHECK(stage.stale_answers("revalidate") == 1);
  CHECK(stage.stale_answers("error") == 1);
  CHECK(stage.series("weather_service_cache_misses_total") == 2);
  stage.time.run_for(5s);
  CHECK(stage.ask().error.empty());
  stage.time.run_for(1s);
  CHECK(stage.provider.asked() == 3);
}

TEST_CASE("A fetch in the background counts among those that are under way") {
  weather_stage stage;
  stage.ask();
  stage.time.run_for(10min);
  stage.provider.delay = 1s;
  CHECK(stage.ask().stale);
  std::deque<asker> askers;
  for (char c = 'a'; c < 'a' + 8; ++c) {
    const weather::place somewhere{std::string(3, c), "Land", {}, {}};
    askers.emplace_back(stage.time, stage.asking(somewhere));
  }
  stage.time.run_for(2s);
  CHECK(answer_of(askers.back()).error == "busy");
  CHECK(answer_of(askers.at(6)).error.empty());
  CHECK(stage.ask(london).error.empty());
}

TEST_CASE("A report that is a day old is not given any more") {
  weather_stage stage;
  stage.ask();
  stage.provider.code = http::status::bad_gateway;
  stage.time.run_for(24h - 1min);
  CHECK(stage.ask().weather != nullptr);
  CHECK(stage.stale_answers("error") == 1);
  stage.time.run_for(2min);
  const auto got = stage.ask();
  CHECK(got.weather == nullptr);
  CHECK_FALSE(got.stale);
  CHECK(got.error == "status 502");
  CHECK(stage.stale_answers("error") == 1);
}

TEST_CASE("Where the first provider is ill the second one's report is as good, and is cached") {
  fallback_stage stage;
  stage.provider.code = http::status::bad_gateway;
  const auto got = stage.ask();
  REQUIRE(got.weather != nullptr);
  CHECK(got.weather->provider == "open-meteo");
  CHECK_FALSE(got.stale);
  CHECK(got.error.empty());
  const auto again = stage.ask();
  CHECK(again.weather == got.weather);
  CHECK(again.from_cache);
  CHECK(stage.meteo.asked() == 1);
  // The first rests, for all places; the second is asked for them.
  CHECK(stage.ask(weather::default_place()).weather->provider == "open-meteo");
  CHECK(stage.provider.asked() == 1);
}

TEST_CASE("Where both providers fail there is the first one's error, an old report if there is one, and a rest") {
  fallback_stage stage;
  const bool known_before = GENERATE(true, false);
  if (known_before) {
    stage.ask();
    stage.time.run_for(11min);
  }
  stage.provider.code = http::status::bad_gateway;
  stage.meteo.code = stage.geocoder.code = http::status::service_unavailable;
  const auto got = stage.ask();
  CHECK(got.error == "status 502");
  CHECK((got.weather != nullptr) == known_before);
  CHECK(got.retry_after > 4s);
  const auto other = stage.ask(rome);
  CHECK(other.weather == nullptr);
  CHECK(other.error == "status 502");
  CHECK(other.retry_after > 4s);
  CHECK(stage.provider.asked() == (known_before ? 2 : 1));
}

TEST_CASE("Whoever has no time for the second provider is answered in time, and the others have its report") {
  fallback_stage stage;
  stage.provider.delay = 1h;
  stage.meteo.delay = 1s;
  const auto start = stage.time.now();
  const auto got = stage.ask(paris, 5s);
  CHECK(got.weather == nullptr);
  CHECK(got.error == "timeout");
  CHECK(stage.time.now() - start < 5100ms);
  stage.time.run_for(2s);
  CHECK(stage.ask().weather->provider == "open-meteo");
  // The first one rests, so the next place is answered in time.
  CHECK(stage.ask(weather::default_place(), 5s).weather != nullptr);
}

TEST_CASE("Coordinates are looked up once for a place") {
  fallback_stage stage;
  stage.provider.code = http::status::bad_gateway;
  stage.ask();
  stage.time.run_for(11min);
  const auto again = stage.ask();
  CHECK_FALSE(again.from_cache);
  CHECK(again.weather->where.latitude == 48.85341);
  CHECK(again.weather->where.longitude == 2.3488);
  CHECK(stage.meteo.asked() == 2);
  CHECK(stage.meteo.targets.back() == stage.meteo.targets.front());
  CHECK(stage.geocoder.asked() == 1);
}

TEST_CASE("Coordinates that a report has only half of are looked up") {
  fallback_stage stage;
  stage.provider.body = R"({"current_condition":[{}],"nearest_area":[{"latitude":"1.5"}]})";
  stage.ask();
  stage.time.run_for(11min);
  stage.provider.code = http::status::bad_gateway;
  CHECK(stage.ask().weather->where.latitude == 48.85341);
  CHECK(stage.geocoder.asked() == 1);
}

TEST_CASE("Where the provider fails, the class of its error is told, and an old report if there is one") {
  const auto [code, body, delay, error] = GENERATE(table<http::status, std::string, duration, std::string>({
      {http::status::internal_server_error, "{}", 0s, "status 500"},
      {http::status::too_many_requests, "{}", 0s, "status 429"},
      {http::status::not_found, "{}", 0s, "status 404"},
      {http::status::ok, "Unknown location", 0s, "unexpected answer"},
      {http::status::ok, "{}", 0s, "unexpected answer"},
      {http::status::ok, wttr_answer(), 6s, "timeout"},
  }));
  weather_stage stage;
  const bool known_before = GENERATE(true, false);
  if (known_before) {
    stage.ask();
    stage.time.run_for(11min);
  }
  stage.provider.code = code;
  stage.provider.body = body;
  stage.provider.delay = delay;
  const auto got = stage.ask();
  CHECK(got.error == error);
  CHECK(got.from_cache == known_before);
  CHECK(got.stale == known_before);
  CHECK((got.weather != nullptr) == known_before);
  CHECK(got.retry_after > 4s);
  CHECK(got.retry_after <= 5s);
  if (known_before) {
    CHECK(got.weather->temperature_c == "21");
    CHECK(got.age >= 11min);
    CHECK(got.age < 11min + 6s);
  }
}

TEST_CASE("A provider that cannot be reached is told from one whose name is not known") {
  const auto [upstream, error] = GENERATE(table<const char*, std::string>({
      {"http://closed.test", "connect"},
      {"http://hole.test", "timeout"},
      {"http://unknown.test", "dns"},
  }));
  weather_stage stage{upstream};
  stage.add_closed_port("closed.test");
  stage.add_black_hole("hole.test");
  CHECK(stage.ask().error == error);
}

TEST_CASE("After a failure the provider is left alone for a while, twice as long each time") {
  weather_stage stage;
  stage.provider.code = http::status::bad_gateway;
  std::size_t asked = 0;
  for (const duration pause : {5s, 10s, 20s, 40s, 60s, 60s}) {
    CHECK(stage.ask().error == "status 502");
    CHECK(stage.provider.asked() == ++asked);
    stage.time.run_for(pause - 1s);
    const auto resting = stage.ask();
    CHECK(resting.error == "status 502");
    CHECK(resting.retry_after <= 1s);
    CHECK(stage.provider.asked() == asked);
    stage.time.run_for(1s);
  }
  stage.provider.code = http::status::ok;
  CHECK(stage.ask().error.empty());
  stage.time.run_for(11min);
  stage.provider.code = http::status::bad_gateway;
  const auto failed_again = stage.ask();
  CHECK(failed_again.error == "status 502");
  CHECK(failed_again.retry_after <= 5s);
}

TEST_CASE("The cache is bounded: the place not asked for longest goes") {
  weather_stage stage{"http://wttr.test", 2};
  stage.ask(paris);
  stage.ask(london);
  CHECK(stage.ask(paris).from_cache);
  stage.ask(rome);
  CHECK(stage.provider.asked() == 3);
  CHECK(stage.ask(paris).from_cache);
  CHECK_FALSE(stage.ask(london).from_cache);
}

}  // namespace
}  // namespace cohort
