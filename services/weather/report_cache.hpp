// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <cohort/policy/cache.hpp>
#include <cohort/runtime/synchronization/cross_thread/cross_thread_event.hpp>
#include <cohort/service/service.hpp>
#include "services/weather/providers/provider_chain.hpp"

namespace cohort::weather {

/// Caches the reports of the providers by location, for all loops. Only one fetch per location runs at a time (single
/// flight). Stale reports are served during a fetch (stale-while-revalidate) and after a failed fetch (stale-if-error).
/// A failed fetch is followed by a pause. Unknown locations are also cached.
class report_cache : public std::enable_shared_from_this<report_cache> {
 public:
  struct settings {
    provider_chain::settings providers;
    duration max_age;
    duration stale_while_revalidate = std::chrono::seconds{60};
    duration unknown_location_max_age = std::chrono::minutes{10};
    std::size_t max_locations = 256;
    /// The limit applies to all locations together.
    std::size_t max_concurrent_fetches = 8;
    /// Called with each report that was fetched, on the loop of the fetch; may be null.
    std::function<void(const weather_report&)> on_new_report{};
  };
  struct lookup_result {
    std::shared_ptr<const weather_report> report{};  // null if there is no report
    bool from_cache = false;
    bool stale = false;
    duration age{};
    /// The error class of a failed fetch, also set for a stale report; empty without a failure.
    std::string error{};
    /// Time until the next fetch, after a failure.
    duration retry_after{};

    bool is_unknown_location() const noexcept { return !report && error == unknown_location_error; }
  };

  report_cache(service::service_context context, settings settings);

  /// Returns by the deadline. A fetch continues after its caller has returned, for other callers and the cache.
  static task<lookup_result> get(std::shared_ptr<report_cache> self, location location, deadline deadline);

  const provider_chain& providers() const noexcept { return providers_; }

 private:
  using reports = policy::cache<weather_report>;
  struct unknown_location_entry {};

  /// A caller that waits for a fetch.
  struct waiter {
    std::shared_ptr<cross_thread_event> fetched = cross_thread_event::make();
    provider_chain::fetch_result result;
  };

  std::optional<lookup_result> find_unknown_location(const std::string& key);
  reports::decision decide(const std::string& key, std::shared_ptr<waiter>& new_waiter);
  static task<> fetch(std::shared_ptr<report_cache> self, location location);
  void complete_fetch(const std::string& key, const provider_chain::fetch_result& result);
  lookup_result hit(const reports::decision& decision);
  lookup_result failure(const reports::decision& decision, std::string error);

  service::service_context context_;
  settings settings_;
  telemetry::counter& hits_;
  telemetry::counter& misses_;
  telemetry::counter& stale_while_revalidate_;
  telemetry::counter& stale_if_error_;
  provider_chain providers_;
  std::mutex mutex_;  // guards the members below; not held during a `co_await`
  reports reports_;
  policy::cache<unknown_location_entry> unknown_locations_;
  std::size_t fetch_count_ = 0;
  std::map<std::string, std::vector<std::shared_ptr<waiter>>> waiters_;
};

}  // namespace cohort::weather
