#pragma once

#include <catch2/catch_test_macros.hpp>

#include "services/weather/forecaster.hpp"
#include "tests/unit/services/weather/two_providers.hpp"

namespace cohort::test {

using weather::forecaster;

inline const weather::place paris{"Paris", "France", {}, {}};
inline const weather::place london{"London", "England", {}, {}};
inline const weather::place rome{"Rome", "Italy", {}, {}};

/// Providers, and a forecaster that asks them, or the first alone; ten minutes of cache and one to revalidate in.
struct weather_stage : two_providers {
  explicit weather_stage(const char* upstream = "http://wttr.test", std::size_t most_places = 256,
                         std::optional<weather::open_meteo_site> fallback = {})
      : source(std::make_shared<forecaster>(kit(), forecaster::settings{.upstream = url_of(upstream),
                                                                        .fallback = std::move(fallback),
                                                                        .cache_time = 10min,
                                                                        .calls = asked_once(),
                                                                        .most_places = most_places})) {}

  task<forecaster::answer> asking(const weather::place& where, duration limit = 10s) {
    return forecaster::get(source, where, deadline::after(time.now(), limit));
  }
  forecaster::answer ask(const weather::place& where = paris, duration limit = 10s) {
    return time.run(asking(where, limit));
  }
  std::optional<double> stale_answers(const std::string& reason) const {
    return series("weather_service_cache_stale_total{reason=\"" + reason + "\"}");
  }

  scripted_answer& provider = wttr;
  std::shared_ptr<forecaster> source;
};

/// Where the second provider is asked as well.
struct fallback_stage : weather_stage {
  fallback_stage() : weather_stage("http://wttr.test", 256, meteo_site()) {}
};

using asker = lone_task<forecaster::answer>;

inline const forecaster::answer& answer_of(const asker& who) {
  REQUIRE(who.ended());
  REQUIRE(who.outcome().value.has_value());
  return *who.outcome().value;
}

}  // namespace cohort::test
