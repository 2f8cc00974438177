#include "services/weather/providers.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/telemetry/captured_log.hpp"
#include "tests/unit/services/weather/two_providers.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using weather::providers;

const weather::place paris{"Paris", "France", {}, {}};
const weather::place rome{"Rome", "Italy", {}, {}};
const weather::place& haifa = weather::default_place();

struct providers_stage : two_providers {
  explicit providers_stage(std::optional<weather::open_meteo_site> fallback = meteo_site(),
                           const char* first = "http://wttr.test")
      : asked(kit(), {.first = url_of(first), .fallback = std::move(fallback), .policy = asked_once()}) {}

  providers::answer ask(const weather::place& where = haifa) { return time.run(asked.ask(where)); }
  std::optional<providers::resting> rest() const { return asked.rest(time.now()); }

  providers asked;
};

TEST_CASE("A provider that stumbles is asked once more, before another is") {
  two_providers stage;
  providers usual{stage.kit(), {.first = url_of("http://wttr.test"), .fallback = two_providers::meteo_site()}};
  stage.wttr.code = http::status::service_unavailable;
  CHECK(stage.time.run(usual.ask(haifa)).found != nullptr);
  CHECK(stage.wttr.asked() == 2);
  CHECK(stage.meteo.asked() == 1);
  // Strangers are told nothing of our callers.
  CHECK_FALSE(stage.wttr.field("x-envoy-expected-rq-timeout-ms").has_value());
}

TEST_CASE("While the first provider is well it alone is asked") {
  providers_stage stage;
  const auto got = stage.ask();
  REQUIRE(got.found != nullptr);
  CHECK(got.found->provider == "wttr.in");
  CHECK(got.found->temperature_c == "21");
  CHECK(got.error.empty());
  CHECK(stage.wttr.targets == std::vector<std::string>{"/Haifa,Israel?format=j1"});
  CHECK(stage.meteo.asked() == 0);
  CHECK(stage.geocoder.asked() == 0);
  CHECK_FALSE(stage.rest().has_value());
}

TEST_CASE("Where the first fails for reasons of its own, the second is asked in the same breath") {
  const auto [code, delay] = GENERATE(table<http::status, duration>({
      {http::status::internal_server_error, 0s},
      {http::status::service_unavailable, 0s},
      {http::status::too_many_requests, 0s},
      {http::status::ok, 1h},
  }));
  providers_stage stage;
  stage.wttr.code = code;
  stage.wttr.delay = delay;
  const auto got = stage.ask();
  REQUIRE(got.found != nullptr);
  CHECK(got.found->provider == "open-meteo");
  CHECK(got.found->temperature_c == "19");
  CHECK(got.error.empty());
  CHECK(stage.meteo.targets ==
        std::vector<std::string>{"/v1/forecast?latitude=32.794&longitude=34.9896&current=temperature_2m,"
                                 "relative_humidity_2m,apparent_temperature,weather_code,wind_speed_10m"});
  CHECK(stage.meteo.field("Accept") == "application/json");
  CHECK(stage.geocoder.asked() == 0);
}

task<> hang_up_on_one(std::unique_ptr<net::acceptor> listening) {
  auto accepted = co_await listening->accept(loop::current());
  if (accepted) (*accepted)->close();
}

TEST_CASE("A first provider that breaks the connection is one that fails for reasons of its own") {
  providers_stage stage{two_providers::meteo_site(), "http://192.0.2.1"};
  lone_task<> rude{stage.time, hang_up_on_one(stage.network.listen({asio::ip::make_address("192.0.2.1"), 80}))};
  CHECK(stage.ask().found != nullptr);
  CHECK(rude.ended());
}

TEST_CASE("A first provider that cannot be reached is one that fails for reasons of its own") {
  const auto* const first =
      GENERATE("http://closed.test", "http://hole.test", "http://unknown.test", "https://wttr.test:80");
  providers_stage stage{two_providers::meteo_site(), first};
  stage.add_closed_port("closed.test");
  stage.add_black_hole("hole.test");
  CHECK(stage.ask().found != nullptr);
  CHECK(stage.meteo.asked() == 1);
}

TEST_CASE("Where the first does not know the place, nobody else is asked, and it stays in favour") {
  providers_stage stage;
  stage.wttr.code = http::status::not_found;
  CHECK(stage.ask().error == "status 404");
  CHECK(stage.meteo.asked() == 0);
  CHECK_FALSE(stage.rest().has_value());
  stage.ask();
  CHECK(stage.wttr.asked() == 2);
}

TEST_CASE("Where the first says something else than weather, the second is asked, and the first stays in favour") {
  providers_stage stage;
  stage.wttr.body = "Sorry, we are running out of queries";
  CHECK(stage.ask().found->provider == "open-meteo");
  stage.meteo.code = http::status::bad_gateway;
  CHECK(stage.ask().error == "unexpected answer");
  CHECK(stage.wttr.asked() == 2);
}

TEST_CASE("While the first rests the second is asked alone, and then the first again") {
  providers_stage stage;
  stage.wttr.code = http::status::bad_gateway;
  std::size_t first = 0;
  std::size_t second = 0;
  for (const duration pause : {5s, 10s, 20s, 40s, 60s, 60s}) {
    CHECK(stage.ask().found->provider == "open-meteo");
    CHECK(stage.wttr.asked() == ++first);
    CHECK(stage.meteo.asked() == ++second);
    stage.time.run_for(pause - 1s);
    CHECK(stage.ask().found->provider == "open-meteo");
    CHECK(stage.wttr.asked() == first);
    CHECK(stage.meteo.asked() == ++second);
    stage.time.run_for(1s);
  }
  stage.wttr.code = http::status::ok;
  CHECK(stage.ask().found->provider == "wttr.in");
  CHECK(stage.meteo.asked() == second);
  stage.wttr.code = http::status::bad_gateway;
  stage.ask();
  stage.time.run_for(5s);
  CHECK(stage.wttr.asked() == first + 2);
  stage.ask();
  CHECK(stage.wttr.asked() == first + 3);
}

TEST_CASE("Where both fail, it is the first one's failure, now and while both rest") {
  providers_stage stage;
  stage.wttr.code = http::status::bad_gateway;
  stage.meteo.code = http::status::service_unavailable;
  const auto failed = stage.ask();
  CHECK(failed.found == nullptr);
  CHECK(failed.error == "status 502");
  const auto resting = stage.rest();
  REQUIRE(resting.has_value());
  CHECK(resting->error == "status 502");
  CHECK(resting->retry_after > 4s);
  CHECK(resting->retry_after <= 5s);
  stage.time.run_for(5s);
  CHECK_FALSE(stage.rest().has_value());
}

TEST_CASE("While one of the two may be asked, nobody has to wait") {
  providers_stage stage;
  SECTION("the second") {
    stage.wttr.code = http::status::bad_gateway;
    stage.ask();
    CHECK_FALSE(stage.rest().has_value());
    stage.meteo.code = http::status::bad_gateway;
    stage.time.run_for(1s);
    CHECK(stage.ask().error == "status 502");
    // Until the first may be asked, which began to rest a second before.
    REQUIRE(stage.rest().has_value());
    CHECK(stage.rest()->retry_after <= 4s);
    CHECK(stage.rest()->retry_after > 3s);
  }
  SECTION("the first") {
    stage.wttr.code = stage.meteo.code = http::status::bad_gateway;
    stage.ask();
    stage.time.run_for(5s);
    stage.ask();
    stage.wttr.code = http::status::ok;
    stage.time.run_for(10s);
    CHECK(stage.ask().found->provider == "wttr.in");
    CHECK_FALSE(stage.rest().has_value());
  }
}

TEST_CASE("A second provider that rests is not asked, whatever the first does") {
  providers_stage stage;
  stage.wttr.code = stage.meteo.code = http::status::bad_gateway;
  stage.ask();
  stage.time.run_for(5s);
  stage.wttr.code = http::status::not_found;
  stage.ask();
  stage.wttr.code = stage.meteo.code = http::status::bad_gateway;
  stage.ask();
  REQUIRE(stage.meteo.asked() == 2);
  // The second rests for 10 s by now, the first for 5 s.
  stage.time.run_for(6s);
  CHECK(stage.ask().error == "status 502");
  CHECK(stage.wttr.asked() == 4);
  CHECK(stage.meteo.asked() == 2);
}

TEST_CASE("Without a second provider the first one's rest is for all") {
  providers_stage stage{std::nullopt};
  stage.wttr.code = http::status::bad_gateway;
  CHECK(stage.ask().error == "status 502");
  REQUIRE(stage.rest().has_value());
  CHECK(stage.rest()->error == "status 502");
  CHECK(stage.ask(rome).error == "status 502");
  CHECK(stage.wttr.asked() == 1);
  CHECK(stage.meteo.asked() == 0);
}

TEST_CASE("Failures of asks that were under way together are one failure") {
  providers_stage stage{std::nullopt};
  stage.wttr.code = http::status::bad_gateway;
  stage.wttr.delay = 1s;
  std::deque<lone_task<providers::answer>> asks;
  for (int i = 0; i < 5; ++i) asks.emplace_back(stage.time, stage.asked.ask(haifa));
  stage.time.run_for(2s);
  for (const auto& each : asks) CHECK(each.ended());
  CHECK(stage.wttr.asked() == 5);
  stage.time.run_for(4100ms);
  CHECK_FALSE(stage.rest().has_value());
}

TEST_CASE("An answer ends the rest that another ask's failure began") {
  providers_stage stage{std::nullopt};
  stage.wttr.delay = 2s;
  lone_task<providers::answer> slow{stage.time, stage.asked.ask(haifa)};
  stage.time.run_for(500ms);
  stage.wttr.delay = 1s;
  stage.wttr.code = http::status::bad_gateway;
  lone_task<providers::answer> quick{stage.time, stage.asked.ask(paris)};
  stage.time.run_for(1200ms);
  CHECK(quick.ended());
  CHECK(stage.rest().has_value());
  stage.time.run_for(500ms);
  CHECK(slow.ended());
  CHECK_FALSE(stage.rest().has_value());
}

TEST_CASE("For a place whose coordinates are not known the geocoder is asked first") {
  providers_stage stage;
  stage.wttr.code = http::status::bad_gateway;
  const auto got = stage.ask(paris);
  REQUIRE(got.found != nullptr);
  CHECK(stage.geocoder.targets == std::vector<std::string>{"/v1/search?name=Paris&count=10&language=en&format=json"});
  CHECK(stage.meteo.targets.front().starts_with("/v1/forecast?latitude=48.85341&longitude=2.3488&"));
  CHECK(got.found->where.city == "Paris");
  CHECK(got.found->where.latitude == 48.85341);
  CHECK(got.found->where.longitude == 2.3488);
}

TEST_CASE("A place that the geocoder does not know is no failure of the second provider") {
  providers_stage stage;
  stage.wttr.code = http::status::bad_gateway;
  CHECK(stage.ask(rome).error == "status 502");
  CHECK(stage.geocoder.asked() == 1);
  CHECK(stage.meteo.asked() == 0);
  CHECK(stage.ask(paris).found != nullptr);
}

TEST_CASE("What the second provider fails by decides whether it rests") {
  const auto [failing, code, body, rests] = GENERATE(table<std::string, http::status, std::string, bool>({
      {"geocoder", http::status::service_unavailable, "{}", true},
      {"geocoder", http::status::bad_request, "{}", false},
      {"geocoder", http::status::ok, "<html>", false},
      {"forecast", http::status::too_many_requests, "{}", true},
      {"forecast", http::status::bad_request, R"({"error":true,"reason":"why"})", false},
      {"forecast", http::status::ok, "<html>", false},
  }));
  CAPTURE(failing, body);
  providers_stage stage;
  stage.wttr.code = http::status::bad_gateway;
  auto& broken = failing == "geocoder" ? stage.geocoder : stage.meteo;
  broken.code = code;
  broken.body = body;
  CHECK(stage.ask(paris).error == "status 502");
  CHECK(broken.asked() == 1);
  CHECK(stage.rest().has_value() == rests);
  CHECK(stage.asked_provider("open-meteo", "error") == 1);
}

TEST_CASE("Each provider has its own five seconds, the second one for both of its questions") {
  providers_stage stage;
  stage.wttr.delay = 1h;
  const auto start = stage.time.now();
  SECTION("the second answers late") {
    stage.geocoder.delay = 2s;
    stage.meteo.delay = 2s;
    CHECK(stage.ask(paris).found != nullptr);
    CHECK(stage.time.now() - start < 9100ms);
  }
  SECTION("the second does not answer in time") {
    stage.geocoder.delay = 3s;
    stage.meteo.delay = 3s;
    const auto got = stage.ask(paris);
    CHECK(got.found == nullptr);
    CHECK(got.error == "timeout");
    CHECK(stage.time.now() - start >= 10s);
    CHECK(stage.time.now() - start < 10100ms);
  }
}

TEST_CASE("The second provider may redirect, three times") {
  providers_stage stage;
  scripted_answer elsewhere;
  elsewhere.body = open_meteo_answer("30");
  stage.add_site("elsewhere.test", scripted("/x", elsewhere));
  stage.wttr.code = http::status::bad_gateway;
  stage.meteo.code = http::status::found;
  SECTION("somewhere") {
    stage.meteo.location = "http://elsewhere.test/x";
    CHECK(stage.ask().found->temperature_c == "30");
  }
  SECTION("in circles") {
    stage.meteo.location = "/v1/forecast";
    CHECK(stage.ask().found == nullptr);
    CHECK(stage.meteo.asked() == 4);
  }
}

TEST_CASE("Every ask of a provider is counted, by what came of it, from zero on") {
  providers_stage stage;
  for (const auto* name : {"wttr.in", "open-meteo"}) {
    for (const auto* outcome : {"ok", "error"}) CHECK(stage.asked_provider(name, outcome) == 0);
  }
  stage.ask();
  stage.wttr.code = http::status::bad_gateway;
  stage.ask(paris);
  stage.meteo.body = "{}";
  stage.ask(paris);
  CHECK(stage.asked_provider("wttr.in", "ok") == 1);
  CHECK(stage.asked_provider("wttr.in", "error") == 1);
  CHECK(stage.asked_provider("open-meteo", "ok") == 1);
  CHECK(stage.asked_provider("open-meteo", "error") == 1);
}

TEST_CASE("Every provider's failure is in the log, with its name and its error") {
  providers_stage stage;
  captured_log log;
  auto with = stage.kit();
  with.log = telemetry::logger{log.sink(), "weather", telemetry::log_level::warn, telemetry::log_format::json};
  providers logged{
      with, {.first = url_of("http://wttr.test"), .fallback = two_providers::meteo_site(), .policy = asked_once()}};
  stage.wttr.code = http::status::bad_gateway;
  stage.time.run(logged.ask(rome));
  stage.geocoder.body = "<html>";
  stage.time.run(logged.ask(rome));
  stage.time.run(logged.ask(haifa));
  stage.time.run_for(5s);
  stage.wttr.delay = 1s;
  lone_task<providers::answer> called_off{stage.time, logged.ask(haifa)};
  called_off.cancel();
  const auto lines = log.close();
  REQUIRE(lines.size() == 3);
  const auto said = [&](std::size_t line, const char* field) { return json_at(lines[line], field); };
  CHECK(said(0, "/provider") == "\"wttr.in\"");
  CHECK(said(0, "/place") == "\"rome,italy\"");
  CHECK(said(0, "/error") == "\"status 502\"");
  CHECK(said(1, "/provider") == "\"open-meteo\"");
  CHECK(said(1, "/error") == "\"unknown place\"");
  CHECK(said(2, "/error") == "\"unexpected answer\"");
}

TEST_CASE("An ask that is called off is no reason to ask the other one") {
  providers_stage stage;
  stage.wttr.delay = 3s;
  lone_task<providers::answer> asking{stage.time, stage.asked.ask(haifa)};
  stage.time.run_for(1s);
  asking.cancel();
  CHECK(asking.ended());
  stage.time.run_for(5s);
  CHECK(stage.meteo.asked() == 0);
  CHECK_FALSE(stage.rest().has_value());
}

}  // namespace
}  // namespace cohort
