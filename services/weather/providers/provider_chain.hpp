// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <cohort/service/service.hpp>
#include "services/weather/providers/geocoding.hpp"
#include "services/weather/providers/provider_health.hpp"

namespace cohort::weather {

/// Base URLs of Open-Meteo's two APIs.
struct open_meteo_urls {
  boost::urls::url forecast;
  boost::urls::url geocoding;
};

/// The requests to a provider since the start of the process.
struct provider_status {
  std::string name;
  /// The number of requested reports, and the number of failed requests. A location that is unknown to the provider is
  /// not a failure.
  std::uint64_t requests = 0, failures = 0;
  /// Time in milliseconds until the provider may be called again; zero if it may be called now.
  std::int64_t cooldown_ms = 0;
};

/// Fetches reports from a server with the wttr.in j1 API or, if that fails, from Open-Meteo. Skips a provider in a
/// cooldown (`provider_health`, or the `Retry-After` of a 429). Thread-safe; shared by all loops.
class provider_chain {
 public:
  struct settings {
    boost::urls::url wttr;
    /// The fallback provider; no fallback if empty.
    std::optional<open_meteo_urls> open_meteo;
    /// The timeout of each provider, over all requests for one report.
    http::upstream_settings policy = default_policy();
    /// Whether every report is `sample_report`, without a request to any provider.
    bool sample = false;
  };
  /// The policy of the providers: 5 s, two attempts, no hedging, no deadline header, and no circuit breaker, because
  /// `provider_health` decides whether a provider is called.
  static http::upstream_settings default_policy();

  struct fetch_result {
    /// The report; null if no provider has one.
    std::shared_ptr<const weather_report> report{};
    /// The failure, if there is no report. It is `location_unknown` if the location is unknown to a provider, otherwise
    /// the first failure.
    provider_failure failure{};
    /// Whether every provider has responded that the location is unknown.
    bool is_unknown_to_all = false;
  };
  struct cooldown_state {
    std::string error;
    duration retry_after;
  };

  provider_chain(service::service_context context, settings settings);

  /// The shortest cooldown; set while all providers are in a cooldown.
  std::optional<cooldown_state> cooldown(time_point now) const;

  /// The providers in the order in which they are called; empty if every report is the sample. Thread-safe.
  std::vector<provider_status> statuses(time_point now) const;

  /// Calls the providers in order until a provider returns a report. Failures are reported in `fetch_result`.
  task<fetch_result> fetch(location location);

 private:
  struct provider {
    provider(std::string_view name, const service::service_context& context, const http::upstream_settings& policy);
    /// Time until the provider may be called: after failures, or after a 429 with `Retry-After`.
    duration cooldown(time_point now) const noexcept;
    /// The reason for the cooldown: an error class.
    std::string cooldown_error(time_point now) const;

    std::string_view name;
    http::upstream upstream;
    telemetry::counter& successes;
    telemetry::counter& unknown_locations;
    telemetry::counter& errors;
    provider_health health;  // guarded by mutex_
  };

  task<report_result> fetch_wttr(location location);
  task<report_result> fetch_open_meteo(location location);
  task<result<geocoded_place, provider_failure>> geocode(location location, deadline fetch_deadline);
  task<result<std::string, provider_failure>> get_body(provider& from, boost::urls::url url, deadline fetch_deadline);
  /// The error of the current cooldown of the provider; empty if the provider may be called.
  std::optional<std::string> cooldown_error(const provider& provider) const;
  void record(provider& from, const report_result& outcome, const location& location);
  deadline deadline_from_now() const;

  service::service_context context_;
  settings settings_;
  mutable std::mutex mutex_;  // not held during a `co_await`
  provider wttr_;
  provider open_meteo_;
};

}  // namespace cohort::weather
