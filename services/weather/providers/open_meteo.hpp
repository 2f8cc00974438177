// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <string_view>

#include "services/weather/providers/provider_failure.hpp"

// Open-Meteo's forecast API. Source: https://open-meteo.com/en/docs
namespace cohort::weather {

/// The name of the provider in responses, metrics and logs.
inline constexpr std::string_view open_meteo_name = "open-meteo";

/// `<base>/v1/forecast?latitude=…&longitude=…&current=…`, in the API's default units, °C and km/h. Precondition:
/// `location` has coordinates.
boost::urls::url open_meteo_url(const boost::urls::url& base, const location& location);

/// Parses a response with status 200. Values are rounded to integers. A document without a temperature is an invalid
/// response; other missing values are `not_available`.
report_result parse_open_meteo(std::string_view body, const location& location);

}  // namespace cohort::weather
