#include <catch2/catch_test_macros.hpp>

#include "tests/unit/core/http/upstream_stage.hpp"

// Second requests beside slow first ones, and calls to a name with several addresses.
namespace cohort {
namespace {

using namespace cohort::test;
using http::client_error;

http::upstream_settings with_hedges() {
  auto how = single_attempts();
  how.hedge.enabled = true;
  return how;
}

/// Answers after 10 ms, so often that p95 is known.
void warm_up(upstream_stage& stage) {
  for (auto& each : stage.scripts) each.usual = {.delay = 10ms};
  for (int i = 0; i < 40; ++i) stage.ask();
  for (auto& each : stage.scripts) each.ends.clear();
}

TEST_CASE("A request that is slower than usual is sent again, the first answer is taken, and the other called off") {
  upstream_stage stage{with_hedges(), 2};
  warm_up(stage);
  const auto before = stage.asked_in_all();
  for (auto& each : stage.scripts) each.plan = {{.delay = 2s}};
  // Whichever is asked first is slow; the second attempt goes to the other, which is slow as well: neither wins early.
  SECTION("both are slow") {
    const auto got = stage.ask();
    CHECK(is_ok(got));
    CHECK(got.attempts == 2);
    CHECK(stage.asked_in_all() == before + 2);
  }
  SECTION("only the first is") {
    const auto first_asked = stage.scripts[0].asked;
    lone_task<http::upstream::answer> call{stage.time, stage.asking()};
    stage.time.run_for(1ms);
    auto& slow = stage.scripts[0].asked > first_asked ? stage.scripts[0] : stage.scripts[1];
    auto& other = &slow == &stage.scripts[0] ? stage.scripts[1] : stage.scripts[0];
    other.plan.clear();
    const auto start = stage.time.now();
    while (!call.ended()) stage.time.run_for(1ms);
    // p95, told to within a fifth, and the second one's own time.
    CHECK(stage.time.now() - start <= 30ms);
    CHECK(is_ok(*call.outcome().value));
    stage.time.run_for(20ms);
    CHECK(slow.ends == journal{"cancelled"});
    CHECK(stage.series("hedges_total", "result=\"won\"") == 1);
  }
  CHECK(stage.series("hedges_total", "result=\"sent\"") == 1);
}

TEST_CASE("Only what is idempotent is hedged") {
  upstream_stage stage{with_hedges()};
  warm_up(stage);
  stage.script().plan = {{.delay = 1s}};
  CHECK(stage.ask({}, http::method::post).attempts == 1);
}

TEST_CASE("While little is known, nothing is hedged") {
  upstream_stage stage{with_hedges()};
  stage.script().usual = {.delay = 10ms};
  for (int i = 0; i < 15; ++i) stage.ask();
  stage.script().plan = {{.delay = 1s}};
  CHECK(stage.ask().attempts == 1);
}

TEST_CASE("A first attempt that fails while the second is under way leaves it the word") {
  upstream_stage stage{with_hedges()};
  warm_up(stage);
  stage.script().plan = {{.status = 500, .delay = 100ms}, {.delay = 200ms}};
  const auto got = stage.ask();
  CHECK(is_ok(got));
  CHECK(got.elapsed > 200ms);
}

TEST_CASE("Where neither attempt has a good answer, no hedge has won") {
  upstream_stage stage{with_hedges()};
  warm_up(stage);
  stage.script().usual = {.delay = 1h};
  stage.ask(1s);
  CHECK(stage.series("hedges_total", "result=\"sent\"") == 1);
  CHECK(stage.series("hedges_total", "result=\"won\"") == 0);
}

TEST_CASE("Hedges stay within the budget that retries draw on, however slow the upstream becomes") {
  auto how = with_hedges();
  how.budget.per_second = 0;
  upstream_stage stage{how};
  warm_up(stage);
  stage.script().usual = {.delay = 1s};
  const auto before = stage.asked_in_all();
  stage.ask_many(100);
  CHECK(stage.asked_in_all() - before <= 100 + (100 + 40) / 5);
  CHECK(stage.series("hedges_total", "result=\"no_budget\"") > 0);
}

TEST_CASE("A caller that leaves takes both attempts along") {
  upstream_stage stage{with_hedges()};
  warm_up(stage);
  stage.script().usual = {.delay = 10s};
  lone_task<http::upstream::answer> call{stage.time, stage.asking()};
  stage.time.run_for(100ms);
  CHECK(stage.series("hedges_total", "result=\"sent\"") == 1);
  call.cancel();
  CHECK(call.ended());
  stage.time.run_for(20ms);
  CHECK(stage.script().ends == journal{"cancelled", "cancelled"});
}

// ---- replicas

http::upstream_settings with_retries() {
  auto how = single_attempts();
  how.retry.most_attempts = 3;
  return how;
}

TEST_CASE("Calls are spread over all addresses of the name") {
  upstream_stage stage{single_attempts(), 3};
  for (auto& each : stage.scripts) each.usual = {.delay = 1ms};
  for (int i = 0; i < 300; ++i) stage.ask();
  for (const auto& each : stage.scripts) CHECK(each.asked > 60);
  CHECK(stage.series("addresses", "state=\"known\"") == 3);
}

TEST_CASE("A replica that is slow gets less than its share") {
  upstream_stage stage{single_attempts(), 2};
  stage.scripts[0].usual = {.delay = 1ms};
  stage.scripts[1].usual = {.delay = 50ms};
  for (int i = 0; i < 20; ++i) {
    stage.ask_many(10);
  }
  CHECK(stage.scripts[1].asked < stage.scripts[0].asked * 11 / 10);
}

TEST_CASE("When one of three replicas goes, no call fails, and it is soon asked no more") {
  upstream_stage stage{with_retries(), 3};
  for (auto& each : stage.scripts) each.usual = {.delay = 5ms};
  for (int i = 0; i < 30; ++i) stage.ask();
  stage.stop(1);
  for (int i = 0; i < 50; ++i) CHECK(is_ok(stage.ask(1s)));
  CHECK(stage.series("addresses", "state=\"ejected\"") == 1);
  CHECK(stage.series("ejections_total", "") == 1);
  CHECK(stage.scripts[1].asked <= 30);
}

TEST_CASE("A replica that answers with nothing but errors is left out, and its calls go to the others") {
  upstream_stage stage{with_retries(), 2};
  stage.scripts[0].usual = {.status = 500};
  for (int i = 0; i < 50; ++i) CHECK(is_ok(stage.ask()));
  CHECK(stage.scripts[0].asked == 5);
  CHECK(stage.series("addresses", "state=\"ejected\"") == 1);
}

TEST_CASE("A name's addresses are looked up again, and calls go to the new ones") {
  upstream_stage stage{single_attempts(), 2};
  stage.network.add_name("there.test", {asio::ip::make_address("198.51.100.1")});
  for (int i = 0; i < 20; ++i) stage.ask();
  CHECK(stage.scripts[1].asked == 0);
  stage.network.add_name("there.test", {asio::ip::make_address("198.51.100.2")});
  stage.time.run_for(2s);
  const auto before = stage.scripts[0].asked;
  for (int i = 0; i < 20; ++i) CHECK(is_ok(stage.ask()));
  CHECK(stage.scripts[0].asked == before);
  CHECK(stage.scripts[1].asked == 20);
}

TEST_CASE("When nobody is at the known address, the name is looked up again at once") {
  upstream_stage stage{with_retries(), 2};
  stage.network.add_name("there.test", {asio::ip::make_address("198.51.100.1")});
  CHECK(is_ok(stage.ask()));
  stage.stop(0);
  stage.network.add_name("there.test", {asio::ip::make_address("198.51.100.2")});
  CHECK(is_ok(stage.ask()));
  CHECK(stage.scripts[1].asked == 1);
}

}  // namespace
}  // namespace cohort
