#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "core/policy/backoff.hpp"
#include "core/runtime/clock.hpp"

namespace cohort::policy {

struct cache_settings {
  /// A value younger than this is given without a fetch.
  duration fresh_for;
  /// For so long after that it is still given at once, while one fetch gets a new one (RFC 5861 section 3).
  duration revalidate_for{};
  /// A value as old as this is not given any more, not even where the source fails; but it is kept for as long as it
  /// is fresh or revalidated (RFC 5861 section 4, counted here from when the value was stored).
  duration keep_for = std::chrono::hours{24};
  /// After a failed fetch the source is left alone for this long, twice as long after the next, and so on.
  duration first_retry_after = std::chrono::seconds{5};
  duration longest_retry_after = std::chrono::seconds{60};
  /// Keys with a value and keys without. One that has none goes first when there would be more, then the least
  /// recently used.
  std::size_t most_entries = 256;
};

/// Decides what to do about a value that is costly to get: use it, fetch it, wait for the fetch that is under way
/// (single flight), use the old one and fetch (RFC 5861's stale-while-revalidate), or make do with an old one
/// (stale-if-error). A key whose last fetch failed has a negative entry: that failure is the answer, without a fetch,
/// until its time of rest is over; where there is an old value as well, that comes with it.
///
/// A state machine: it is told the time and what became of a fetch, and neither waits nor locks.
template <class Value>
class cache {
 public:
  explicit cache(cache_settings settings) : settings_(settings) {}

  enum class action {
    use,         // give `value` at once; where it is stale, somebody is getting a new one
    revalidate,  // give `value`, which is stale, at once; and fetch, as for `fetch`
    fetch,       // the caller must fetch, and then say `store` or `fail`
    join,        // somebody fetches; wait for that
    rest,        // no fetch now: the last one failed (`last_error`; `retry_after` from now), or there is no leave
  };
  struct decision {
    action what{};
    /// The last value known, also where it is stale; null if there is none, or none young enough to be given.
    std::shared_ptr<const Value> value;
    bool stale = false;  // `value`, that is
    duration age{};
    /// Why the last fetch failed; empty if it did not.
    std::string last_error;
    duration retry_after{};
  };

  /// `may_fetch` is false while the source has no room or no health for one more: then the answer is `rest`.
  decision look_up(const std::string& key, time_point now, bool may_fetch = true) {
    if (!may_fetch && !entries_.contains(key)) return {.what = action::rest};
    auto& found = touch(key);
    auto made = describe(found, now);
    const bool in_window = made.value && made.age < settings_.fresh_for + settings_.revalidate_for;
    if (made.value && !made.stale) {
      made.what = action::use;
    } else if (found.in_flight) {
      made.what = in_window ? action::use : action::join;
    } else if (made.retry_after > duration::zero() || !may_fetch) {
      made.what = action::rest;
    } else {
      found.in_flight = true;
      made.what = in_window ? action::revalidate : action::fetch;
    }
    return made;
  }

  /// What is known, without taking on a fetch: for one who waited for somebody else's. `last_error` tells how that
  /// went.
  decision peek(const std::string& key, time_point now) {
    if (!entries_.contains(key)) return {.what = action::rest};
    auto made = describe(touch(key), now);
    made.what = made.value && !made.stale ? action::use : action::rest;
    return made;
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

  /// All but what to do. A value that is too old goes here.
  decision describe(entry& found, time_point now) const {
    const auto oldest = std::max(settings_.keep_for, settings_.fresh_for + settings_.revalidate_for);
    if (found.value && now - found.stored >= oldest) found.value = nullptr;
    decision made;
    made.value = found.value;
    if (found.value) made.age = now - found.stored;
    made.stale = made.age >= settings_.fresh_for;
    made.last_error = found.last_error;
    made.retry_after = std::max(found.retry_at - now, duration::zero());
    return made;
  }

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
