#pragma once

#include "services/weather/providers.hpp"
#include "tests/integration/open_meteo_samples.hpp"
#include "tests/integration/wttr_samples.hpp"
#include "tests/unit/core/service/service_stage.hpp"

namespace cohort::test {

/// So that it can be counted who was asked: nobody twice for one report.
inline http::upstream_settings asked_once() {
  auto how = weather::providers::usual_policy();
  how.retry.most_attempts = 1;
  return how;
}

/// Both providers, well, on a stage.
struct two_providers : service_stage {
  explicit two_providers(std::string key = {}) : service_stage(std::move(key)) {
    wttr.body = wttr_answer("21");
    meteo.body = open_meteo_answer("18.6");
    geocoder.body = geocoding_answer();
    add_site("wttr.test", scripted("/{place}", wttr));
    add_site("meteo.test", scripted("/v1/forecast", meteo));
    add_site("geocoding.test", scripted("/v1/search", geocoder));
  }
  static weather::open_meteo_site meteo_site() {
    return {url_of("http://meteo.test"), url_of("http://geocoding.test")};
  }
  std::optional<double> asked_provider(const std::string& name, const std::string& outcome) const {
    return series("weather_service_provider_requests_total{provider=\"" + name + "\",outcome=\"" + outcome + "\"}");
  }

  scripted_answer wttr;
  scripted_answer meteo;
  scripted_answer geocoder;
};

}  // namespace cohort::test
