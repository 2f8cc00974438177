#pragma once

#include <boost/url/url.hpp>
#include <optional>
#include <string_view>

#include "services/weather/report.hpp"

namespace cohort::weather {

/// As a provider's name in answers, metrics and logs, whoever it is that speaks wttr.in's way.
inline constexpr std::string_view wttr_name = "wttr.in";

/// wttr.in's address for a place: `<base>/City,Country?format=j1`.
boost::urls::url wttr_url(const boost::urls::url& base, const place& where);

/// Reads wttr.in's `format=j1`: text as the provider sent it. Nothing if it is not JSON, or has no current condition;
/// single values may be missing.
std::optional<report> parse_wttr(std::string_view body, const place& asked);

}  // namespace cohort::weather
