// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <utility>

#include "tests/unit/services/weather/providers_fixture.hpp"

// Fixture of a provider chain with wttr.in and the fallback as scripted servers.
namespace cohort::test {

inline const weather::location& default_place = weather::default_location();

struct chain_fixture : providers_fixture {
  explicit chain_fixture(std::optional<weather::open_meteo_urls> fallback = open_meteo(),
                         const char* wttr_url = "http://wttr.test")
      : chain(make_context(), chain_settings(std::move(fallback), wttr_url)) {}

  weather::provider_chain::fetch_result fetch(const weather::location& location = default_place) {
    return time.run(chain.fetch(location));
  }
  std::optional<weather::provider_chain::cooldown_state> cooldown() const { return chain.cooldown(time.now()); }
  /// Fails for as many locations as are required to start a cooldown.
  void start_cooldowns() {
    for (const auto& location : {default_place, paris, london}) fetch(location);
  }

  weather::provider_chain chain;
};

}  // namespace cohort::test
