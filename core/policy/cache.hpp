#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/policy/backoff.hpp"
#include "core/runtime/clock.hpp"

namespace cohort::policy {

struct cache_settings {
  /// A value younger than this is given without a fetch.
  duration fresh_for;
  /// After a failed fetch the source is left alone for this long, twice as long after the next, and so on.
  duration first_retry_after = std::chrono::seconds{5};
  duration longest_retry_after = std::chrono::seconds{60};
  /// The least recently used entry goes when there would be more.
  std::size_t most_entries = 256;
};

/// Decides what to do about a value that is costly to get: use it, fetch it, wait for the fetch that is under way
/// (single flight), or make do with an old one (RFC 5861's stale-if-error). A state machine: it is told the time and
/// what became of a fetch, and neither waits nor locks.
template <class Value>
class cache {
 public:
  explicit cache(cache_settings settings) : settings_(settings) {}

  enum class action {
    use,    // `value` is fresh
    fetch,  // the caller must fetch, and then say `store` or `fail`
    join,   // somebody fetches; wait for that
    rest,   // the source failed lately; `retry_after` from now it may be asked again
  };
  struct decision {
    action what;
    /// The last value known, also where it is stale; null if there never was one.
    std::shared_ptr<const Value> value;
    duration age{};
    /// Why the last fetch failed; empty if it did not.
    std::string last_error;
    duration retry_after{};
  };

  /// `may_fetch` is false while the source has no room or no health for one more: then the answer is `rest`.
  decision look_up(const std::string& key, time_point now, bool may_fetch = true) {
    auto& found = touch(key);
    decision made{action::fetch, found.value, found.value ? now - found.stored : duration{}, found.last_error, {}};
    if (found.value && made.age < settings_.fresh_for) {
      made.what = action::use;
    } else if (found.in_flight) {
      made.what = action::join;
    } else if (now < found.retry_at) {
      made.what = action::rest;
      made.retry_after = found.retry_at - now;
    } else if (!may_fetch) {
      made.what = action::rest;
    } else {
      found.in_flight = true;
    }
    return made;
  }

  /// What is known, without taking on a fetch: for one who waited for somebody else's. `last_error` tells how that
  /// went.
  decision peek(const std::string& key, time_point now) {
    const auto& found = touch(key);
    return {found.value && now - found.stored < settings_.fresh_for ? action::use : action::rest, found.value,
            found.value ? now - found.stored : duration{}, found.last_error,
            std::max(found.retry_at - now, duration::zero())};
  }

  void store(const std::string& key, std::shared_ptr<const Value> value, time_point now) {
    auto& found = touch(key);
    found = entry{};
    found.value = std::move(value);
    found.stored = now;
  }

  void fail(const std::string& key, std::string why, time_point now) {
    auto& found = touch(key);
    found.in_flight = false;
    found.last_error = std::move(why);
    found.retry_at = now + backoff(++found.failures, settings_.first_retry_after, settings_.longest_retry_after);
  }

  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct entry {
    std::shared_ptr<const Value> value;
    time_point stored{};
    bool in_flight = false;
    std::string last_error;
    time_point retry_at{};
    unsigned failures = 0;
  };
  struct place {
    entry what;
    std::list<std::string>::iterator recency;
  };

  entry& touch(const std::string& key) {
    if (const auto found = entries_.find(key); found != entries_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second.recency);
      return found->second.what;
    }
    while (entries_.size() >= settings_.most_entries && forget_one()) {
    }
    recent_.push_front(key);
    return entries_.emplace(key, place{entry{}, recent_.begin()}).first->second.what;
  }

  /// The least recently used that nobody is fetching, one without a value before one that has something to give; false
  /// if all are being fetched: then the table grows by one, for as long as that lasts.
  bool forget_one() { return forget_oldest(false) || forget_oldest(true); }

  bool forget_oldest(bool also_values) {
    for (auto oldest = recent_.rbegin(); oldest != recent_.rend(); ++oldest) {
      const auto found = entries_.find(*oldest);
      if (found->second.what.in_flight || (found->second.what.value && !also_values)) continue;
      recent_.erase(found->second.recency);
      entries_.erase(found);
      return true;
    }
    return false;
  }

  cache_settings settings_;
  std::map<std::string, place> entries_;
  std::list<std::string> recent_;
};

}  // namespace cohort::policy
