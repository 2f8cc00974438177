#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/http/client_site.hpp"
#include "tests/unit/core/http/upstream_stage.hpp"

// What a call to an upstream does about deadlines, failures and slowness.
namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;

http::upstream_settings with_retries(unsigned attempts = 3) {
  auto how = single_attempts();
  how.retry.most_attempts = attempts;
  return how;
}

net::memory_pipe_settings far_away(duration latency) {
  net::memory_pipe_settings how;
  how.latency = latency;
  return how;
}

// ---- deadlines

TEST_CASE("A call has its own limit, or what its caller has left, less a reserve to answer with") {
  struct a_case {
    std::optional<duration> callers_time;
    duration given;
  };
  const auto [callers_time, given] =
      GENERATE(a_case{std::nullopt, 5s}, a_case{1h, 5s}, a_case{5s, 4980ms}, a_case{200ms, 180ms}, a_case{40ms, 30ms});
  upstream_stage stage;
  const auto got = stage.ask(callers_time);
  CHECK(is_ok(got));
  CHECK(got.limit == given);
  CHECK(got.elapsed < 1ms);
}

TEST_CASE("The upstream is told what is left when the request goes out, less the way there and back") {
  upstream_stage stage{single_attempts(), 1, far_away(10ms)};
  CHECK(is_ok(stage.ask(200ms)));
  CHECK(is_ok(stage.ask(200ms)));
  REQUIRE(stage.script().told_remaining.size() == 2);
  // 180 ms, of which connecting took 20, and 20 are for the way.
  CHECK(std::stoi(stage.script().told_remaining[0]) <= 140);
  CHECK(std::stoi(stage.script().told_remaining[0]) >= 138);
  // On the same connection.
  CHECK(std::stoi(stage.script().told_remaining[1]) <= 160);
  CHECK(std::stoi(stage.script().told_remaining[1]) >= 158);
  CHECK(stage.script().told_ids == std::vector<std::string>{"request-1", "request-1"});
}

TEST_CASE("A slow upstream costs its caller no more time than there was, and its work is called off") {
  upstream_stage stage;
  stage.script().usual = {.delay = 500ms};
  const auto start = stage.time.now();
  const auto got = stage.ask(200ms);
  // It knew how long it had, and said 504 in time.
  REQUIRE(got.outcome.has_value());
  CHECK(got.outcome->code_number == 504);
  CHECK(stage.time.now() - start <= 200ms);
  stage.time.run_for(20ms);
  CHECK(stage.script().ends == journal{"cancelled"});
  CHECK(stage.series("requests_total", "outcome=\"timeout\"") == 1);
}

TEST_CASE("With not even a round trip left nothing is dialled") {
  upstream_stage stage{single_attempts(), 1, far_away(10ms)};
  SECTION("the caller's time is over") {
    CHECK(error_of(stage.ask(0ms)) == client_error::no_time_left);
    CHECK(stage.asked_in_all() == 0);
  }
  SECTION("the way alone would take longer") {
    CHECK(is_ok(stage.ask()));
    const auto got = stage.ask(24ms);  // 18 ms without the reserve
    CHECK(error_of(got) == client_error::no_time_left);
    CHECK(got.attempts == 0);
    CHECK(got.elapsed == 0ms);
    CHECK(stage.asked_in_all() == 1);
  }
  SECTION("it was used up by connecting") {
    CHECK(error_of(stage.ask(50ms)) == client_error::no_time_left);
    CHECK(stage.asked_in_all() == 0);
  }
}

TEST_CASE("A caller that leaves takes its call along") {
  upstream_stage stage;
  stage.script().usual = {.delay = 500ms};
  lone_task<http::upstream::answer> call{stage.time, stage.asking()};
  stage.time.run_for(100ms);
  CHECK(stage.series("in_flight", "") == 1);
  call.cancel();
  CHECK(call.ended());
  stage.time.run_for(20ms);
  CHECK(stage.script().ends == journal{"cancelled"});
  CHECK(stage.series("in_flight", "") == 0);
  CHECK(stage.series("requests_total", "outcome=\"cancelled\"") == 1);
}

TEST_CASE("Where the time went is told: each call, and how it ended") {
  upstream_stage stage;
  stage.script().plan = {{.delay = 3ms}, {.status = 404}, {.status = 500}, {.delay = 1h}};
  for (int i = 0; i < 4; ++i) stage.ask(400ms);
  const auto told = stage.timing.value(1500us, deadline{stage.time.now() + 2ms}, stage.time.now());
  CAPTURE(told);
  CHECK(told.starts_with("there;dur=3.0;desc=\"ok\", there;dur=0.0;desc=\"client_error\", "));
  CHECK(told.ends_with(";desc=\"timeout\", total;dur=1.5, left;dur=2.0"));
}

// ---- retries

TEST_CASE("What may be well the next time is tried again") {
  const int status = GENERATE(500, 502, 503);
  upstream_stage stage{with_retries()};
  stage.script().plan = {{.status = status}, {.status = status}};
  const auto got = stage.ask();
  CHECK(is_ok(got));
  CHECK(got.attempts == 3);
  CHECK(stage.series("retries_total", "verdict=\"again\"") == 2);
  CHECK(stage.series("attempts_total", "") == 3);
  CHECK(stage.series("requests_total", "outcome=\"ok\"") == 1);
}

TEST_CASE("The last answer is given when the attempts are spent") {
  upstream_stage stage{with_retries()};
  stage.script().usual = {.status = 503};
  const auto got = stage.ask();
  REQUIRE(got.outcome.has_value());
  CHECK(got.outcome->code_number == 503);
  CHECK(stage.asked_in_all() == 3);
  CHECK(stage.series("retries_total", "verdict=\"attempts\"") == 1);
}

TEST_CASE("What would not get better is not tried again") {
  const int status = GENERATE(200, 301, 400, 404, 429, 501, 504);
  upstream_stage stage{with_retries()};
  stage.script().usual = {.status = status};
  const auto got = stage.ask();
  REQUIRE(got.outcome.has_value());
  CHECK(got.outcome->code_number == static_cast<unsigned>(status));
  CHECK(stage.asked_in_all() == 1);
}

TEST_CASE("What is not idempotent is sent again only if it was surely not sent") {
  SECTION("answered with a 503") {
    upstream_stage stage{with_retries()};
    stage.script().usual = {.status = 503};
    stage.ask({}, http::method::post);
    CHECK(stage.asked_in_all() == 1);
    CHECK(stage.series("retries_total", "verdict=\"not_safe\"") == 1);
  }
  SECTION("nobody listened") {
    upstream_stage stage{with_retries()};
    stage.stop(0);
    CHECK(error_of(stage.ask({}, http::method::post)) == client_error::connect_refused);
    CHECK(stage.series("retries_total", "verdict=\"again\"") == 2);
  }
}

TEST_CASE("A Retry-After is kept to, and where there is no time for that, the answer is given at once") {
  upstream_stage stage{with_retries()};
  const int status = GENERATE(429, 503);
  stage.script().plan = {{.status = status, .retry_after = "2"}};
  const auto start = stage.time.now();
  SECTION("there is time") {
    CHECK(is_ok(stage.ask()));
    CHECK(stage.time.now() - start >= 2s);
  }
  SECTION("there is not") {
    const auto got = stage.ask(1s);
    REQUIRE(got.outcome.has_value());
    CHECK(got.outcome->code_number == static_cast<unsigned>(status));
    CHECK(stage.time.now() - start < 1ms);
    CHECK(stage.series("retries_total", "verdict=\"deadline\"") == 1);
  }
}

TEST_CASE("A Retry-After that is not understood, a date for one, is no leave to come at once") {
  const int status = GENERATE(429, 503);
  upstream_stage stage{with_retries()};
  stage.script().usual = {.status = status, .retry_after = "Fri, 31 Dec 2027 23:59:59 GMT"};
  const auto got = stage.ask();
  REQUIRE(got.outcome.has_value());
  CHECK(got.outcome->code_number == static_cast<unsigned>(status));
  CHECK(stage.asked_in_all() == 1);
}

TEST_CASE("No attempt is begun that usually takes longer than is left") {
  upstream_stage stage{with_retries()};
  stage.script().usual = {.delay = 300ms};
  for (int i = 0; i < 20; ++i) stage.ask();
  stage.script().plan = {{.status = 503, .delay = 300ms}};
  const auto before = stage.asked_in_all();
  stage.ask(500ms);
  CHECK(stage.asked_in_all() == before + 1);
  CHECK(stage.series("retries_total", "verdict=\"deadline\"") == 1);
}

TEST_CASE("An upstream that fails half of its requests gets a fifth more of them, and most callers an answer") {
  auto how = with_retries();
  upstream_stage stage{how};
  random_source chance{7};
  constexpr int calls = 1000;
  int good = 0;
  for (int i = 0; i < calls; ++i) {
    stage.script().plan.clear();
    for (int k = 0; k < 3; ++k) stage.script().plan.push_back({.status = chance.chance(0.5) ? 500 : 200});
    good += is_ok(stage.ask()) ? 1 : 0;
  }
  CHECK(stage.asked_in_all() <= calls * 12 / 10 + 10);
  CHECK(stage.asked_in_all() >= calls * 115 / 100);
  CHECK(good >= calls * 55 / 100);
  CHECK(stage.series("retries_total", "verdict=\"budget\"") > 0);
}

TEST_CASE("A kept connection that turns out to be dead is replaced at once, by a new one") {
  called_site site;
  telemetry::registry metrics{1};
  telemetry::log_sink unheard;
  const telemetry::logger silent{unheard, "test", telemetry::log_level::off, telemetry::log_format::json};
  http::upstream called{site.client, metrics, silent, "there", with_retries()};
  lone_task<http::upstream::answer> first{site.time, called.call(get_url("http://site.test/"), {})};
  site.newest().take_request();
  site.newest().send(ok("first"));
  site.settle();
  REQUIRE(first.ended());

  lone_task<http::upstream::answer> second{site.time, called.call(get_url("http://site.test/"), {})};
  site.newest().take_request();
  site.newest().close();
  // No pause before the next try: that takes milliseconds, this microseconds.
  REQUIRE(site.connections() == 2);
  site.newest().take_request();
  site.newest().send(ok("second"));
  site.settle();
  REQUIRE(second.ended());
  CHECK(second.outcome().value->outcome->body == "second");
}

// ---- the breaker

TEST_CASE("An upstream that keeps failing is left alone, tried by one request, and used again when that goes well") {
  upstream_stage stage;
  stage.script().usual = {.status = 500};
  for (int i = 0; i < 10; ++i) CHECK(stage.ask().outcome.has_value());
  CHECK(stage.asked_in_all() == 10);
  CHECK(stage.series("breaker_state", "state=\"open\"") == 1);
  CHECK(stage.series("breaker_state", "state=\"closed\"") == 0);

  const auto refused = stage.ask();
  CHECK(error_of(refused) == client_error::breaker_open);
  CHECK(refused.elapsed == 0ms);
  CHECK(stage.asked_in_all() == 10);
  CHECK(stage.series("requests_total", "outcome=\"open\"") == 1);

  stage.time.run_for(6s);
  stage.script().usual = {.delay = 10ms};
  const auto answers = stage.ask_many(4);
  CHECK(std::count_if(answers.begin(), answers.end(), is_ok) == 1);
  CHECK(stage.asked_in_all() == 11);
  CHECK(is_ok(stage.ask()));
  CHECK(stage.series("breaker_state", "state=\"closed\"") == 1);
  CHECK(stage.series("breaker_transitions_total", "to=\"open\"") == 1);
  CHECK(stage.series("breaker_transitions_total", "to=\"half_open\"") == 1);
  CHECK(stage.series("breaker_transitions_total", "to=\"closed\"") == 1);
}

TEST_CASE("A probe is one request, whatever becomes of it") {
  upstream_stage stage{with_retries()};
  stage.script().usual = {.status = 500};
  while (stage.series("breaker_state", "state=\"open\"") == 0) stage.ask();
  stage.time.run_for(6s);
  const auto before = stage.asked_in_all();
  CHECK(stage.ask().attempts == 1);
  CHECK(stage.asked_in_all() == before + 1);
  CHECK(error_of(stage.ask()) == client_error::breaker_open);
}

TEST_CASE("A caller's hurry is not the upstream's fault; being slow within a fair time is") {
  const auto [callers_time, opens] = GENERATE(table<duration, bool>({{200ms, false}, {4s, true}}));
  upstream_stage stage;
  stage.script().usual = {.delay = 1h};
  for (int i = 0; i < 20; ++i) stage.ask(callers_time);
  CHECK(stage.series("breaker_state", "state=\"open\"") == (opens ? 1 : 0));
}

TEST_CASE("A bulkhead that is full turns away at once, and has room again") {
  auto how = single_attempts();
  how.most_in_flight = 3;
  upstream_stage stage{how};
  stage.script().usual = {.delay = 100ms};
  const auto answers = stage.ask_many(5);
  CHECK(std::count_if(answers.begin(), answers.end(), is_ok) == 3);
  CHECK(error_of(answers[4]) == client_error::bulkhead_full);
  CHECK(answers[4].elapsed == 0ms);
  CHECK(stage.asked_in_all() == 3);
  CHECK(stage.series("requests_total", "outcome=\"shed\"") == 2);
  CHECK(is_ok(stage.ask()));
}

}  // namespace
}  // namespace cohort
