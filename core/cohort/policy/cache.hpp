// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <cohort/policy/retry/exponential_backoff.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::policy {

struct cache_settings {
  /// Maximum age of a fresh value, which is used without a fetch.
  duration max_age;
  /// Time after `max_age` for which a stale value is still used immediately while one caller fetches a new value (RFC
  /// 5861 section 3).
  duration stale_while_revalidate{};
  /// Maximum age of a value that is used when the source fails (RFC 5861 section 4), measured from the time at which
  /// the value was stored. Raised to `max_age + stale_while_revalidate` if it is less.
  duration max_stale_age = std::chrono::hours{24};
  /// Minimum time between a failed fetch and the next fetch; doubles with each consecutive failure.
  duration base_retry_delay = std::chrono::seconds{5};
  duration max_retry_delay = std::chrono::seconds{60};
  /// Maximum number of keys, with or without a value. Above this limit, keys without a value are evicted first, then
  /// the least recently used keys.
  std::size_t max_entries = 256;
};

/// Cache policy for values that are expensive to fetch. A lookup returns the action that the caller must take: use the
/// cached value, fetch a new value, or wait for the fetch in flight (single flight). Stale values are used while one
/// caller fetches (stale-while-revalidate, RFC 5861), and when the source fails (stale-if-error). After a failed fetch,
/// the key has a negative entry: until the retry time, a lookup returns the error and any stale value, without a fetch.
/// The class is a state machine without I/O and without a clock: the caller fetches values and reports the results. Not
/// thread-safe.
template <class Value>
class cache {
 public:
  explicit cache(cache_settings settings) : settings_(settings) {}

  enum class action {
    use,         // use `value` immediately; if it is stale, a fetch is in flight
    revalidate,  // use the stale `value` immediately, and fetch a new value as for `fetch`
    fetch,       // fetch the value, then call `store` or `record_failure`
    join,        // wait for the fetch in flight
    back_off,    // do not fetch: the last fetch failed (see `last_error` and `retry_after`), or `may_fetch` is false
  };
  struct decision {
    action next_action{};
    /// The last known value, which can be stale; null if there is none or it is too old.
    std::shared_ptr<const Value> value;
    bool is_stale = false;
    /// The time since `value` was stored; zero if there is none.
    duration age{};
    /// The error of the last fetch; empty if it succeeded.
    std::string last_error;
    /// Time until the next fetch is permitted.
    duration retry_after{};
  };

  /// Looks up `key`. If `may_fetch` is false (the source is overloaded or failing), the result is `back_off` instead of
  /// a fetch.
  decision look_up(const std::string& key, time_point now, bool may_fetch = true) {
    if (!may_fetch && !entries_.contains(key)) return {.next_action = action::back_off};
    auto& found = touch(key);
    auto result = describe(found, now);
    const bool may_use_stale = result.value && result.age < settings_.max_age + settings_.stale_while_revalidate;
    if (result.value && !result.is_stale) {
      result.next_action = action::use;
    } else if (found.in_flight) {
      result.next_action = may_use_stale ? action::use : action::join;
    } else if (result.retry_after > duration::zero() || !may_fetch) {
      result.next_action = action::back_off;
    } else {
      found.in_flight = true;
      result.next_action = may_use_stale ? action::revalidate : action::fetch;
    }
    return result;
  }

  /// Looks up `key` without starting a fetch, for a caller that has waited for the fetch of another caller. The action
  /// is `use` or `back_off`.
  decision peek(const std::string& key, time_point now) {
    if (!entries_.contains(key)) return {.next_action = action::back_off};
    auto result = describe(touch(key), now);
    result.next_action = result.value && !result.is_stale ? action::use : action::back_off;
    return result;
  }

  /// Stores the value of a successful fetch.
  void store(const std::string& key, std::shared_ptr<const Value> value, time_point now) {
    auto& found = touch(key);
    found = entry{};
    found.value = std::move(value);
    found.store_time = now;
  }

  /// Records a failed fetch. An existing value is kept.
  void record_failure(const std::string& key, std::string error, time_point now) {
    auto& found = touch(key);
    found.in_flight = false;
    found.last_error = std::move(error);
    found.retry_time =
        now + exponential_backoff(++found.failures, settings_.base_retry_delay, settings_.max_retry_delay);
  }

  /// Number of keys.
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct entry {
    std::shared_ptr<const Value> value;
    time_point store_time{};
    bool in_flight = false;
    std::string last_error;
    time_point retry_time{};
    unsigned failures = 0;
  };
  struct slot {
    entry content;
    std::list<std::string>::iterator recency_position;
  };

  /// Returns a lookup result without its `next_action`. Discards a value that is too old.
  decision describe(entry& found, time_point now) const {
    const auto max_stale_age = std::max(settings_.max_stale_age, settings_.max_age + settings_.stale_while_revalidate);
    if (found.value && now - found.store_time >= max_stale_age) found.value = nullptr;
    decision result;
    result.value = found.value;
    if (found.value) result.age = now - found.store_time;
    result.is_stale = result.age >= settings_.max_age;
    result.last_error = found.last_error;
    result.retry_after = std::max(found.retry_time - now, duration::zero());
    return result;
  }

  /// Returns the entry of `key`, which becomes the most recently used. Inserts the entry if it does not exist.
  entry& touch(const std::string& key) {
    if (const auto found = entries_.find(key); found != entries_.end()) {
      keys_by_recency_.splice(keys_by_recency_.begin(), keys_by_recency_, found->second.recency_position);
      return found->second.content;
    }
    while (entries_.size() >= settings_.max_entries && evict_entry()) {
    }
    keys_by_recency_.push_front(key);
    return entries_.emplace(key, slot{entry{}, keys_by_recency_.begin()}).first->second.content;
  }

  /// Returns false if a fetch is in flight for every key; the cache then exceeds its limit until a fetch ends.
  bool evict_entry() { return evict_oldest(false) || evict_oldest(true); }

  bool evict_oldest(bool may_evict_values) {
    for (auto oldest_key = keys_by_recency_.rbegin(); oldest_key != keys_by_recency_.rend(); ++oldest_key) {
      const auto found = entries_.find(*oldest_key);
      const auto& content = found->second.content;
      if (content.in_flight || (content.value && !may_evict_values)) continue;
      keys_by_recency_.erase(found->second.recency_position);
      entries_.erase(found);
      return true;
    }
    return false;
  }

  cache_settings settings_;
  std::map<std::string, slot> entries_;
  std::list<std::string> keys_by_recency_;
};

}  // namespace cohort::policy
