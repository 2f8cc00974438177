#include "core/policy/cache.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort {
namespace {

using namespace std::chrono_literals;
using cache = policy::cache<std::string>;
using action = cache::action;

constexpr time_point start{1h};

cache ten_minutes(std::size_t most_entries = 100) {
  return cache{{.fresh_for = 10min, .first_retry_after = 5s, .longest_retry_after = 60s, .most_entries = most_entries}};
}

auto value(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// As `ten_minutes`, and a minute more in which the old value is given while a new one is fetched.
cache revalidating(duration keep_for = 24h) {
  return cache{{.fresh_for = 10min,
                .revalidate_for = 1min,
                .keep_for = keep_for,
                .first_retry_after = 5s,
                .longest_retry_after = 60s,
                .most_entries = 100}};
}

/// Takes the fetch on, and ends it.
void fill(cache& cache, const std::string& key, time_point now) {
  REQUIRE(cache.look_up(key, now).what == action::fetch);
  cache.store(key, value("of " + key), now);
}

TEST_CASE("The first one fetches, the others wait for that") {
  auto cache = ten_minutes();
  const auto first = cache.look_up("a", start);
  CHECK(first.what == action::fetch);
  CHECK(first.value == nullptr);
  CHECK(cache.look_up("a", start).what == action::join);
  CHECK(cache.look_up("a", start + 1h).what == action::join);
  CHECK(cache.look_up("b", start).what == action::fetch);
}

TEST_CASE("A value is used until it is old, and tells its age") {
  auto cache = ten_minutes();
  fill(cache, "a", start);
  const auto now_or_later = GENERATE(duration{0}, duration{1s}, duration{10min - 1ns});
  const auto found = cache.look_up("a", start + now_or_later);
  CHECK(found.what == action::use);
  CHECK(*found.value == "of a");
  CHECK(found.age == now_or_later);
  CHECK_FALSE(found.stale);
  CHECK(found.last_error.empty());
}

TEST_CASE("An old value is fetched anew, once, and meanwhile is there for those who need one") {
  auto cache = ten_minutes();
  fill(cache, "a", start);
  const auto late = cache.look_up("a", start + 10min);
  CHECK(late.what == action::fetch);
  CHECK(*late.value == "of a");
  CHECK(late.stale);
  CHECK(late.age == 10min);
  const auto next = cache.look_up("a", start + 10min);
  CHECK(next.what == action::join);
  CHECK(*next.value == "of a");
  cache.store("a", value("new"), start + 10min);
  const auto renewed = cache.look_up("a", start + 11min);
  CHECK(renewed.what == action::use);
  CHECK(*renewed.value == "new");
  CHECK(renewed.age == 1min);
}

TEST_CASE("After failures the source rests: 5 s, then twice as long each time, up to a minute") {
  auto cache = ten_minutes();
  auto now = start;
  for (const duration pause : {5s, 10s, 20s, 40s, 60s, 60s, 60s}) {
    REQUIRE(cache.look_up("a", now).what == action::fetch);
    cache.fail("a", "timeout", now);
    const auto resting = cache.look_up("a", now + 1s);
    CHECK(resting.what == action::rest);
    CHECK(resting.retry_after == pause - 1s);
    CHECK(resting.last_error == "timeout");
    CHECK(cache.look_up("a", now + pause - 1ns).what == action::rest);
    now += pause;
  }
  for (int i = 0; i < 100; ++i) {
    REQUIRE(cache.look_up("a", now).what == action::fetch);
    cache.fail("a", "timeout", now);
    now += 60s;
  }
}

TEST_CASE("A failure keeps the old value, with its age; a success forgets the failures") {
  auto cache = ten_minutes();
  fill(cache, "a", start);
  auto now = start + 20min;
  for (const duration pause : {5s, 10s}) {
    REQUIRE(cache.look_up("a", now).what == action::fetch);
    cache.fail("a", "dns", now);
    now += pause;
  }
  cache.look_up("a", now);
  cache.fail("a", "reset", now);
  const auto resting = cache.look_up("a", now + 1s);
  CHECK(resting.what == action::rest);
  CHECK(*resting.value == "of a");
  CHECK(resting.age == now + 1s - start);
  CHECK(resting.last_error == "reset");
  now += 20s;
  fill(cache, "a", now);
  CHECK(cache.look_up("a", now).last_error.empty());
  now += 10min;
  REQUIRE(cache.look_up("a", now).what == action::fetch);
  cache.fail("a", "timeout", now);
  CHECK(cache.look_up("a", now).retry_after == 5s);
}

TEST_CASE("One key's failure is not another's") {
  auto cache = ten_minutes();
  cache.look_up("a", start);
  cache.fail("a", "timeout", start);
  CHECK(cache.look_up("b", start).what == action::fetch);
}

TEST_CASE("A look that takes no fetch on leaves that to the next one") {
  auto cache = ten_minutes();
  CHECK(cache.peek("a", start).value == nullptr);
  CHECK(cache.look_up("a", start).what == action::fetch);
  cache.store("a", value("x"), start);
  CHECK(cache.peek("a", start + 1min).what == action::use);
  CHECK(cache.peek("a", start + 1min).age == 1min);
  CHECK(cache.peek("a", start + 10min).what == action::rest);
  CHECK(*cache.peek("a", start + 10min).value == "x");
  CHECK(cache.look_up("a", start + 10min).what == action::fetch);
  cache.fail("a", "timeout", start + 10min);
  const auto failed = cache.peek("a", start + 10min + 2s);
  CHECK(failed.last_error == "timeout");
  CHECK(failed.retry_after == 3s);
  CHECK(cache.peek("a", start + 11min).retry_after == 0s);
}

TEST_CASE("A value that has just got old is given at once, and one caller fetches a new one") {
  auto cache = revalidating();
  fill(cache, "a", start);
  const auto now = start + GENERATE(duration{10min}, duration{10min + 30s}, duration{11min - 1ns});
  const auto first = cache.look_up("a", now);
  CHECK(first.what == action::revalidate);
  CHECK(*first.value == "of a");
  CHECK(first.stale);
  CHECK(first.age == now - start);
  const auto second = cache.look_up("a", now);
  CHECK(second.what == action::use);
  CHECK(*second.value == "of a");
  CHECK(second.stale);
  CHECK(second.age == now - start);
  cache.store("a", value("new"), now);
  const auto renewed = cache.look_up("a", now);
  CHECK(renewed.what == action::use);
  CHECK(*renewed.value == "new");
  CHECK_FALSE(renewed.stale);
}

TEST_CASE("Once the time to revalidate is over, callers wait for the new value") {
  auto cache = revalidating();
  fill(cache, "a", start);
  SECTION("for the one that they begin") { CHECK(cache.look_up("a", start + 11min).what == action::fetch); }
  SECTION("for the one that began before") {
    CHECK(cache.look_up("a", start + 11min - 1ns).what == action::revalidate);
    CHECK(cache.look_up("a", start + 11min).what == action::join);
  }
}

TEST_CASE("A key without a value is never revalidated") {
  auto cache = revalidating();
  CHECK(cache.look_up("a", start).what == action::fetch);
  CHECK(cache.look_up("a", start).what == action::join);
}

TEST_CASE("A value that could not be revalidated comes with the failure for as long as the source rests") {
  auto cache = revalidating();
  fill(cache, "a", start);
  auto now = start + 10min;
  REQUIRE(cache.look_up("a", now).what == action::revalidate);
  cache.fail("a", "reset", now);
  const auto resting = cache.look_up("a", now + 1s);
  CHECK(resting.what == action::rest);
  CHECK(*resting.value == "of a");
  CHECK(resting.stale);
  CHECK(resting.last_error == "reset");
  CHECK(resting.retry_after == 4s);
  CHECK(cache.look_up("a", now + 5s).what == action::revalidate);
}

TEST_CASE("Without leave to fetch, a value is not revalidated but made do with") {
  auto cache = revalidating();
  fill(cache, "a", start);
  CHECK(cache.look_up("a", start + 10min, false).what == action::rest);
  CHECK(*cache.look_up("a", start + 10min, false).value == "of a");
  CHECK(cache.look_up("a", start + 10min, true).what == action::revalidate);
  CHECK(cache.look_up("a", start + 10min, false).what == action::use);
}

TEST_CASE("A value that is too old is not given any more, even where the source fails") {
  auto cache = revalidating(1h);
  fill(cache, "a", start);
  const auto young = cache.look_up("a", start + 1h - 1ns, false);
  CHECK(*young.value == "of a");
  const auto now = start + 1h;
  SECTION("to one who looks") {
    const auto late = cache.look_up("a", now, false);
    CHECK(late.value == nullptr);
    CHECK_FALSE(late.stale);
    CHECK(late.age == 0s);
  }
  SECTION("to one who waited") {
    REQUIRE(cache.look_up("a", now - 1s).what == action::fetch);
    cache.fail("a", "timeout", now);
    const auto failed = cache.peek("a", now);
    CHECK(failed.value == nullptr);
    CHECK(failed.last_error == "timeout");
  }
}

TEST_CASE("A value is kept for a day if nothing else is said, and never less than it is fresh or revalidated") {
  auto usual = ten_minutes();
  fill(usual, "a", start);
  CHECK(usual.look_up("a", start + 24h - 1ns, false).value != nullptr);
  CHECK(usual.look_up("a", start + 24h, false).value == nullptr);
  auto brief = revalidating(1min);
  fill(brief, "a", start);
  CHECK(brief.look_up("a", start + 5min).what == action::use);
  CHECK(brief.look_up("a", start + 11min - 1ns).what == action::revalidate);
  CHECK(brief.look_up("a", start + 11min).value == nullptr);
}

TEST_CASE("A value that was too old makes room like a key that never had one") {
  auto cache = policy::cache<std::string>{{.fresh_for = 10min, .keep_for = 1h, .most_entries = 2}};
  fill(cache, "young", start + 50min);
  fill(cache, "old", start);
  CHECK(cache.look_up("old", start + 1h, false).value == nullptr);
  fill(cache, "new", start + 1h);
  CHECK(cache.look_up("young", start + 55min).what == action::use);
}

TEST_CASE("The least recently used entry goes when there would be too many") {
  auto cache = ten_minutes(2);
  fill(cache, "a", start);
  fill(cache, "b", start);
  CHECK(cache.look_up("a", start).what == action::use);
  fill(cache, "c", start);
  CHECK(cache.size() == 2);
  CHECK(cache.look_up("a", start).what == action::use);
  CHECK(cache.look_up("c", start).what == action::use);
  CHECK(cache.look_up("b", start).what == action::fetch);
}

TEST_CASE("An entry that is being fetched does not go; the table shrinks again afterwards") {
  auto cache = ten_minutes(2);
  const std::vector<std::string> keys{"a", "b", "c", "d", "e"};
  for (const auto& key : keys) CHECK(cache.look_up(key, start).what == action::fetch);
  CHECK(cache.size() == 5);
  for (const auto& key : keys) {
    CHECK(cache.look_up(key, start).what == action::join);
    cache.store(key, value("of " + key), start);
  }
  fill(cache, "f", start);
  CHECK(cache.size() == 2);
  CHECK(cache.look_up("e", start).what == action::use);
}

TEST_CASE("Without leave to fetch, one that would have fetched makes do with what there is") {
  auto cache = ten_minutes();
  CHECK(cache.look_up("a", start, false).what == action::rest);
  fill(cache, "a", start);
  const auto old = cache.look_up("a", start + 11min, false);
  CHECK(old.what == action::rest);
  CHECK(*old.value == "of a");
  CHECK(cache.look_up("a", start + 11min, true).what == action::fetch);
}

TEST_CASE("What has no value to give goes before what has") {
  auto cache = ten_minutes(2);
  fill(cache, "good", start);
  for (const auto* key : {"bad", "worse", "worst"}) {
    REQUIRE(cache.look_up(key, start).what == action::fetch);
    cache.fail(key, "why", start);
  }
  CHECK(cache.look_up("good", start).what == action::use);
}

TEST_CASE("Failed keys are remembered, but not more of them than there is room for, the latest ones") {
  auto cache = ten_minutes(3);
  fill(cache, "good", start);
  for (int i = 0; i < 1000; ++i) {
    const auto key = std::to_string(i);
    REQUIRE(cache.look_up(key, start).what == action::fetch);
    cache.fail(key, "why", start);
    CHECK(cache.size() <= 3);
  }
  CHECK(cache.look_up("999", start).what == action::rest);
  CHECK(cache.look_up("998", start).what == action::rest);
  CHECK(cache.look_up("good", start).what == action::use);
  CHECK(cache.look_up("997", start).what == action::fetch);
}

TEST_CASE("What is only looked at and not fetched takes no room") {
  auto cache = ten_minutes(2);
  fill(cache, "a", start);
  fill(cache, "b", start);
  CHECK(cache.look_up("c", start, false).what == action::rest);
  CHECK(cache.peek("d", start).what == action::rest);
  CHECK(cache.look_up("a", start).what == action::use);
  CHECK(cache.look_up("b", start).what == action::use);
}

}  // namespace
}  // namespace cohort
