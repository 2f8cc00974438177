// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

namespace cohort::weather {

/// The text for a weather code of WMO's table 4677; empty for codes that Open-Meteo does not send.
/// Source: https://open-meteo.com/en/docs, "WMO Weather interpretation codes".
std::optional<std::string_view> weather_condition(long code) noexcept;

}  // namespace cohort::weather
