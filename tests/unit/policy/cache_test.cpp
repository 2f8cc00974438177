// SPDX-License-Identifier: BSL-1.0
#include <cohort/policy/cache.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include "tests/unit/policy/start_time.hpp"

namespace cohort {
namespace {

using namespace std::chrono_literals;
using string_cache = policy::cache<std::string>;
using action = string_cache::action;

using test::start;

string_cache make_cache(std::size_t max_entries = 100) {
  return string_cache{{.max_age = 10min, .base_retry_delay = 5s, .max_retry_delay = 60s, .max_entries = max_entries}};
}

auto value(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// Returns a cache like `make_cache`, with one minute of stale-while-revalidate.
string_cache make_revalidating_cache(duration max_stale_age = 24h) {
  return string_cache{{.max_age = 10min,
                       .stale_while_revalidate = 1min,
                       .max_stale_age = max_stale_age,
                       .base_retry_delay = 5s,
                       .max_retry_delay = 60s,
                       .max_entries = 100}};
}

/// Starts a fetch, and stores a value as the result.
void fetch_and_store(string_cache& cache, const std::string& key, time_point now) {
  REQUIRE(cache.look_up(key, now).next_action == action::fetch);
  cache.store(key, value("of " + key), now);
}

TEST_CASE("cache: the first lookup of a key starts a fetch, and later lookups join the fetch", "[policy][cache]") {
  auto cache = make_cache();
  const auto first = cache.look_up("a", start);
  CHECK(first.next_action == action::fetch);
  CHECK(first.value == nullptr);
  CHECK(cache.look_up("a", start).next_action == action::join);
  CHECK(cache.look_up("a", start + 1h).next_action == action::join);
  CHECK(cache.look_up("b", start).next_action == action::fetch);
}

TEST_CASE("cache: a fresh value is used, with its age", "[policy][cache]") {
  auto cache = make_cache();
  fetch_and_store(cache, "a", start);
  const auto age = GENERATE(duration{0}, duration{1s}, duration{10min - 1ns});
  const auto found = cache.look_up("a", start + age);
  CHECK(found.next_action == action::use);
  CHECK(*found.value == "of a");
  CHECK(found.age == age);
  CHECK_FALSE(found.is_stale);
  CHECK(found.last_error.empty());
}

TEST_CASE("cache: an expired value is revalidated by one fetch, and stays available during the fetch",
          "[policy][cache]") {
  auto cache = make_cache();
  fetch_and_store(cache, "a", start);
  const auto late_lookup = cache.look_up("a", start + 10min);
  CHECK(late_lookup.next_action == action::fetch);
  CHECK(*late_lookup.value == "of a");
  CHECK(late_lookup.is_stale);
  CHECK(late_lookup.age == 10min);
  const auto next = cache.look_up("a", start + 10min);
  CHECK(next.next_action == action::join);
  CHECK(*next.value == "of a");
  cache.store("a", value("new"), start + 10min);
  const auto renewed_lookup = cache.look_up("a", start + 11min);
  CHECK(renewed_lookup.next_action == action::use);
  CHECK(*renewed_lookup.value == "new");
  CHECK(renewed_lookup.age == 1min);
}

TEST_CASE("cache: after a failed fetch the retry delay is 5 s, and doubles up to one minute", "[policy][cache]") {
  auto cache = make_cache();
  auto now = start;
  for (const duration delay : {5s, 10s, 20s, 40s, 60s, 60s, 60s}) {
    REQUIRE(cache.look_up("a", now).next_action == action::fetch);
    cache.record_failure("a", "timeout", now);
    const auto lookup_during_backoff = cache.look_up("a", now + 1s);
    CHECK(lookup_during_backoff.next_action == action::back_off);
    CHECK(lookup_during_backoff.retry_after == delay - 1s);
    CHECK(lookup_during_backoff.last_error == "timeout");
    CHECK(cache.look_up("a", now + delay - 1ns).next_action == action::back_off);
    now += delay;
  }
  for (int i = 0; i < 100; ++i) {
    REQUIRE(cache.look_up("a", now).next_action == action::fetch);
    cache.record_failure("a", "timeout", now);
    now += 60s;
  }
}

TEST_CASE("cache: a failed fetch keeps the old value, and a successful fetch resets the failure count",
          "[policy][cache]") {
  auto cache = make_cache();
  fetch_and_store(cache, "a", start);
  auto now = start + 20min;
  for (const duration delay : {5s, 10s}) {
    REQUIRE(cache.look_up("a", now).next_action == action::fetch);
    cache.record_failure("a", "dns", now);
    now += delay;
  }
  cache.look_up("a", now);
  cache.record_failure("a", "reset", now);
  const auto lookup_during_backoff = cache.look_up("a", now + 1s);
  CHECK(lookup_during_backoff.next_action == action::back_off);
  CHECK(*lookup_during_backoff.value == "of a");
  CHECK(lookup_during_backoff.age == now + 1s - start);
  CHECK(lookup_during_backoff.last_error == "reset");
  now += 20s;
  fetch_and_store(cache, "a", now);
  CHECK(cache.look_up("a", now).last_error.empty());
  now += 10min;
  REQUIRE(cache.look_up("a", now).next_action == action::fetch);
  cache.record_failure("a", "timeout", now);
  CHECK(cache.look_up("a", now).retry_after == 5s);
}

TEST_CASE("cache: a failed fetch affects only its own key", "[policy][cache]") {
  auto cache = make_cache();
  cache.look_up("a", start);
  cache.record_failure("a", "timeout", start);
  CHECK(cache.look_up("b", start).next_action == action::fetch);
}

TEST_CASE("cache: peek never starts a fetch", "[policy][cache]") {
  auto cache = make_cache();
  CHECK(cache.peek("a", start).value == nullptr);
  CHECK(cache.look_up("a", start).next_action == action::fetch);
  cache.store("a", value("x"), start);
  CHECK(cache.peek("a", start + 1min).next_action == action::use);
  CHECK(cache.peek("a", start + 1min).age == 1min);
  CHECK(cache.peek("a", start + 10min).next_action == action::back_off);
  CHECK(*cache.peek("a", start + 10min).value == "x");
  CHECK(cache.look_up("a", start + 10min).next_action == action::fetch);
  cache.record_failure("a", "timeout", start + 10min);
  const auto lookup_after_failure = cache.peek("a", start + 10min + 2s);
  CHECK(lookup_after_failure.last_error == "timeout");
  CHECK(lookup_after_failure.retry_after == 3s);
  CHECK(cache.peek("a", start + 11min).retry_after == 0s);
}

TEST_CASE("cache: within stale-while-revalidate, one lookup fetches, and other lookups use the stale value",
          "[policy][cache]") {
  auto cache = make_revalidating_cache();
  fetch_and_store(cache, "a", start);
  const auto now = start + GENERATE(duration{10min}, duration{10min + 30s}, duration{11min - 1ns});
  const auto first = cache.look_up("a", now);
  CHECK(first.next_action == action::revalidate);
  CHECK(*first.value == "of a");
  CHECK(first.is_stale);
  CHECK(first.age == now - start);
  const auto second = cache.look_up("a", now);
  CHECK(second.next_action == action::use);
  CHECK(*second.value == "of a");
  CHECK(second.is_stale);
  CHECK(second.age == now - start);
  cache.store("a", value("new"), now);
  const auto renewed_lookup = cache.look_up("a", now);
  CHECK(renewed_lookup.next_action == action::use);
  CHECK(*renewed_lookup.value == "new");
  CHECK_FALSE(renewed_lookup.is_stale);
}

TEST_CASE("cache: after stale-while-revalidate, lookups wait for the new value", "[policy][cache]") {
  auto cache = make_revalidating_cache();
  fetch_and_store(cache, "a", start);
  SECTION("the lookup starts a fetch") { CHECK(cache.look_up("a", start + 11min).next_action == action::fetch); }
  SECTION("the lookup joins a fetch in flight") {
    CHECK(cache.look_up("a", start + 11min - 1ns).next_action == action::revalidate);
    CHECK(cache.look_up("a", start + 11min).next_action == action::join);
  }
}

TEST_CASE("cache: a key without a value is fetched, not revalidated", "[policy][cache]") {
  auto cache = make_revalidating_cache();
  CHECK(cache.look_up("a", start).next_action == action::fetch);
  CHECK(cache.look_up("a", start).next_action == action::join);
}

TEST_CASE("cache: after a failed revalidation, the stale value is returned with the error until the retry time",
          "[policy][cache]") {
  auto cache = make_revalidating_cache();
  fetch_and_store(cache, "a", start);
  auto now = start + 10min;
  REQUIRE(cache.look_up("a", now).next_action == action::revalidate);
  cache.record_failure("a", "reset", now);
  const auto lookup_during_backoff = cache.look_up("a", now + 1s);
  CHECK(lookup_during_backoff.next_action == action::back_off);
  CHECK(*lookup_during_backoff.value == "of a");
  CHECK(lookup_during_backoff.is_stale);
  CHECK(lookup_during_backoff.last_error == "reset");
  CHECK(lookup_during_backoff.retry_after == 4s);
  CHECK(cache.look_up("a", now + 5s).next_action == action::revalidate);
}

TEST_CASE("cache: without permission to fetch, a stale value is used instead of revalidated", "[policy][cache]") {
  auto cache = make_revalidating_cache();
  fetch_and_store(cache, "a", start);
  CHECK(cache.look_up("a", start + 10min, false).next_action == action::back_off);
  CHECK(*cache.look_up("a", start + 10min, false).value == "of a");
  CHECK(cache.look_up("a", start + 10min, true).next_action == action::revalidate);
  CHECK(cache.look_up("a", start + 10min, false).next_action == action::use);
}

TEST_CASE("cache: a value older than max_stale_age is not used, even if the source fails", "[policy][cache]") {
  auto cache = make_revalidating_cache(1h);
  fetch_and_store(cache, "a", start);
  const auto recent_lookup = cache.look_up("a", start + 1h - 1ns, false);
  CHECK(*recent_lookup.value == "of a");
  const auto now = start + 1h;
  SECTION("look_up does not use the value") {
    const auto late_lookup = cache.look_up("a", now, false);
    CHECK(late_lookup.value == nullptr);
    CHECK_FALSE(late_lookup.is_stale);
    CHECK(late_lookup.age == 0s);
  }
  SECTION("peek does not use the value after a failed fetch") {
    REQUIRE(cache.look_up("a", now - 1s).next_action == action::fetch);
    cache.record_failure("a", "timeout", now);
    const auto lookup_after_failure = cache.peek("a", now);
    CHECK(lookup_after_failure.value == nullptr);
    CHECK(lookup_after_failure.last_error == "timeout");
  }
}

TEST_CASE("cache: max_stale_age defaults to one day and is at least max_age plus stale_while_revalidate",
          "[policy][cache]") {
  auto defaults = make_cache();
  fetch_and_store(defaults, "a", start);
  CHECK(defaults.look_up("a", start + 24h - 1ns, false).value != nullptr);
  CHECK(defaults.look_up("a", start + 24h, false).value == nullptr);
  auto cache = make_revalidating_cache(1min);
  fetch_and_store(cache, "a", start);
  CHECK(cache.look_up("a", start + 5min).next_action == action::use);
  CHECK(cache.look_up("a", start + 11min - 1ns).next_action == action::revalidate);
  CHECK(cache.look_up("a", start + 11min).value == nullptr);
}

TEST_CASE("cache: a key whose value is too old is evicted like a key without a value", "[policy][cache]") {
  string_cache cache{{.max_age = 10min, .max_stale_age = 1h, .max_entries = 2}};
  fetch_and_store(cache, "young", start + 50min);
  fetch_and_store(cache, "old", start);
  CHECK(cache.look_up("old", start + 1h, false).value == nullptr);
  fetch_and_store(cache, "new", start + 1h);
  CHECK(cache.look_up("young", start + 55min).next_action == action::use);
}

TEST_CASE("cache: a full cache evicts the least recently used key", "[policy][cache]") {
  auto cache = make_cache(2);
  fetch_and_store(cache, "a", start);
  fetch_and_store(cache, "b", start);
  CHECK(cache.look_up("a", start).next_action == action::use);
  fetch_and_store(cache, "c", start);
  CHECK(cache.size() == 2);
  CHECK(cache.look_up("a", start).next_action == action::use);
  CHECK(cache.look_up("c", start).next_action == action::use);
  CHECK(cache.look_up("b", start).next_action == action::fetch);
}

TEST_CASE("cache: a key with a fetch in flight is not evicted, and the cache shrinks afterwards", "[policy][cache]") {
  auto cache = make_cache(2);
  const std::vector<std::string> keys{"a", "b", "c", "d", "e"};
  for (const auto& key : keys) CHECK(cache.look_up(key, start).next_action == action::fetch);
  CHECK(cache.size() == 5);
  for (const auto& key : keys) {
    CHECK(cache.look_up(key, start).next_action == action::join);
    cache.store(key, value("of " + key), start);
  }
  fetch_and_store(cache, "f", start);
  CHECK(cache.size() == 2);
  CHECK(cache.look_up("e", start).next_action == action::use);
}

TEST_CASE("cache: without permission to fetch, a lookup returns the existing value and the action back_off",
          "[policy][cache]") {
  auto cache = make_cache();
  CHECK(cache.look_up("a", start, false).next_action == action::back_off);
  fetch_and_store(cache, "a", start);
  const auto old_lookup = cache.look_up("a", start + 11min, false);
  CHECK(old_lookup.next_action == action::back_off);
  CHECK(*old_lookup.value == "of a");
  CHECK(cache.look_up("a", start + 11min, true).next_action == action::fetch);
}

TEST_CASE("cache: keys without a value are evicted before keys with a value", "[policy][cache]") {
  auto cache = make_cache(2);
  fetch_and_store(cache, "good", start);
  for (const auto* key : {"bad", "worse", "worst"}) {
    REQUIRE(cache.look_up(key, start).next_action == action::fetch);
    cache.record_failure(key, "dns", start);
  }
  CHECK(cache.look_up("good", start).next_action == action::use);
}

TEST_CASE("cache: negative entries count toward max_entries, and the latest entries are kept", "[policy][cache]") {
  auto cache = make_cache(3);
  fetch_and_store(cache, "good", start);
  for (int i = 0; i < 1000; ++i) {
    const auto key = std::to_string(i);
    REQUIRE(cache.look_up(key, start).next_action == action::fetch);
    cache.record_failure(key, "dns", start);
    CHECK(cache.size() <= 3);
  }
  CHECK(cache.look_up("999", start).next_action == action::back_off);
  CHECK(cache.look_up("998", start).next_action == action::back_off);
  CHECK(cache.look_up("good", start).next_action == action::use);
  CHECK(cache.look_up("997", start).next_action == action::fetch);
}

TEST_CASE("cache: a lookup without permission to fetch does not insert a key", "[policy][cache]") {
  auto cache = make_cache(2);
  fetch_and_store(cache, "a", start);
  fetch_and_store(cache, "b", start);
  CHECK(cache.look_up("c", start, false).next_action == action::back_off);
  CHECK(cache.peek("d", start).next_action == action::back_off);
  CHECK(cache.look_up("a", start).next_action == action::use);
  CHECK(cache.look_up("b", start).next_action == action::use);
}

}  // namespace
}  // namespace cohort
