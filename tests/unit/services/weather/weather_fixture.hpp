// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "services/weather/app.hpp"
#include "tests/unit/services/weather/providers_fixture.hpp"

namespace cohort::test {

using weather::report_cache;

/// A report cache with wttr.in only, or with both providers. Reports are fresh for 10 minutes, and revalidated for
/// one more minute.
struct weather_fixture : providers_fixture {
  explicit weather_fixture(const char* wttr_url = "http://wttr.test", std::size_t max_locations = 256,
                           std::optional<weather::open_meteo_urls> fallback = {})
      : cache(std::make_shared<report_cache>(
            make_context(), report_cache::settings{.providers = chain_settings(std::move(fallback), wttr_url),
                                                   .max_age = 10min,
                                                   .max_locations = max_locations})) {}

  task<report_cache::lookup_result> lookup_task(const weather::location& location, duration timeout = 10s) {
    return report_cache::get(cache, location, deadline::after(time.now(), timeout));
  }
  report_cache::lookup_result look_up(const weather::location& location = paris, duration timeout = 10s) {
    return time.run(lookup_task(location, timeout));
  }
  std::optional<double> stale_report_count(const std::string& reason) const {
    return metric_value("weather_service_cache_stale_total{reason=\"" + reason + "\"}");
  }

  std::shared_ptr<report_cache> cache;
};

/// A cache in front of both providers.
struct fallback_fixture : weather_fixture {
  fallback_fixture() : weather_fixture("http://wttr.test", 256, open_meteo()) {}
};

/// The weather service with wttr.in only, or with both providers.
struct weather_app_fixture : providers_fixture {
  explicit weather_app_fixture(std::string key = {}, std::optional<weather::open_meteo_urls> fallback = {})
      : providers_fixture(std::move(key)) {
    serve(weather::app(make_context(), {.providers = chain_settings(std::move(fallback)), .max_age = 10min}));
  }
  /// `query` is the value of the parameter `location`, percent-encoded.
  received_response get_weather(const std::string& query) { return response_to(get("/api/weather?location=" + query)); }
};

}  // namespace cohort::test
