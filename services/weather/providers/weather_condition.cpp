// SPDX-License-Identifier: BSL-1.0
#include "services/weather/providers/weather_condition.hpp"

#include <algorithm>
#include <array>

namespace cohort::weather {
namespace {

struct condition {
  long code;
  std::string_view text;
};

constexpr std::array<condition, 28> conditions{{
    {0, "Clear sky"},
    {1, "Mainly clear"},
    {2, "Partly cloudy"},
    {3, "Overcast"},
    {45, "Fog"},
    {48, "Depositing rime fog"},
    {51, "Light drizzle"},
    {53, "Moderate drizzle"},
    {55, "Dense drizzle"},
    {56, "Light freezing drizzle"},
    {57, "Dense freezing drizzle"},
    {61, "Slight rain"},
    {63, "Moderate rain"},
    {65, "Heavy rain"},
    {66, "Light freezing rain"},
    {67, "Heavy freezing rain"},
    {71, "Slight snow fall"},
    {73, "Moderate snow fall"},
    {75, "Heavy snow fall"},
    {77, "Snow grains"},
    {80, "Slight rain showers"},
    {81, "Moderate rain showers"},
    {82, "Violent rain showers"},
    {85, "Slight snow showers"},
    {86, "Heavy snow showers"},
    {95, "Thunderstorm"},
    {96, "Thunderstorm with slight hail"},
    {99, "Thunderstorm with heavy hail"},
}};

}  // namespace

std::optional<std::string_view> weather_condition(long code) noexcept {
  const auto* const found = std::ranges::find(conditions, code, &condition::code);
  if (found == conditions.end()) return std::nullopt;
  return found->text;
}

}  // namespace cohort::weather
