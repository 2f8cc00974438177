// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "services/weather/providers/provider_chain.hpp"
#include "tests/integration/weather/open_meteo_samples.hpp"
#include "tests/integration/weather/wttr_samples.hpp"
#include "tests/unit/service/service_fixture.hpp"

namespace cohort::test {

/// Returns the default policy without retries, so that a test can count requests.
inline http::upstream_settings single_attempt_policy() {
  auto policy = weather::provider_chain::default_policy();
  policy.retry.max_attempts = 1;
  return policy;
}

/// wttr.in and Open-Meteo as scripted servers, both healthy until a test changes that.
struct providers_fixture : service_fixture {
  explicit providers_fixture(std::string key = {}) : service_fixture(std::move(key)) {
    wttr.body = wttr_response("21");
    forecast.body = open_meteo_response("18.6");
    geocoder.body = geocoding_response();
    add_server("wttr.test", scripted_router("/{location}", wttr));
    add_server("forecast.test", scripted_router("/v1/forecast", forecast));
    add_server("geocoding.test", scripted_router("/v1/search", geocoder));
  }
  static weather::open_meteo_urls open_meteo() {
    return {parse_url("http://forecast.test"), parse_url("http://geocoding.test")};
  }
  static weather::provider_chain::settings chain_settings(
      std::optional<weather::open_meteo_urls> fallback = open_meteo(), const char* wttr_url = "http://wttr.test") {
    return {.wttr = parse_url(wttr_url), .open_meteo = std::move(fallback), .policy = single_attempt_policy()};
  }
  /// Returns the value of the counter of provider requests.
  std::optional<double> provider_request_count(const std::string& provider, const std::string& outcome) const {
    return metric_value("weather_service_provider_requests_total{provider=\"" + provider + "\",outcome=\"" + outcome +
                        "\"}");
  }

  scripted_response wttr;
  scripted_response forecast;
  scripted_response geocoder;
};

inline const weather::location paris{"Paris", "France", {}, {}};
inline const weather::location london{"London", "England", {}, {}};
inline const weather::location rome{"Rome", "Italy", {}, {}};

}  // namespace cohort::test
