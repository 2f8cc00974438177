// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/url/url.hpp>
#include <string_view>

#include <cohort/http/message/field.hpp>
#include "services/weather/providers/provider_failure.hpp"

// The `format=j1` API of wttr.in. Source: https://github.com/chubin/wttr.in#json-output
namespace cohort::weather {

/// The name of the provider in responses, metrics and logs.
inline constexpr std::string_view wttr_name = "wttr.in";

/// `<base>/City,Country?format=j1`.
boost::urls::url wttr_url(const boost::urls::url& base, const location& location);

/// Parses a response with status 200; a document below a `data` key is also accepted. A document without a temperature
/// is an invalid response; other missing values are `not_available`. A location without coordinates receives the
/// coordinates of the nearest area if it is the same place. If the nearest area is a different place, it is stored as
/// `area` of the report.
report_result parse_wttr(std::string_view body, const location& location);

/// Whether a body that is not a report is the text that wttr.in sends for unknown names, with status 200, 404 or 500.
bool is_unknown_location_text(std::string_view body);

/// Whether a status other than 200 means that wttr.in has no report for the requested location.
bool is_unknown_location_status(http::status status) noexcept;

}  // namespace cohort::weather
