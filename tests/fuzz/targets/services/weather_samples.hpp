// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/json/parser.hpp>
#include "services/weather/report_json.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz {

/// Locations for which a provider's response is parsed: with a region, and with coordinates.
inline const weather::location austin{"Austin", "USA", std::nullopt, std::nullopt, "Texas"};
inline const weather::location haifa = weather::default_location();

/// Returns the result as the service responds with it: JSON, without control characters.
inline std::string respond(const weather::report_result& result, const weather::location& location) {
  weather::report_cache::lookup_result lookup;
  if (result) {
    require(*result != nullptr, "a report is not null");
    lookup.report = *result;
  } else {
    require(!result.error().error.empty(), "an error has a message");
    lookup.error = result.error().error;
  }
  const auto response = weather::report_response(lookup, location);
  require(json::is_object(response.content()), "a response is a JSON object");
  return std::string{response.content()};
}

/// A provider's parser returns the same result for the same JSON object with other whitespace. Other documents are
/// searched for the text of an error, and `minify` changes their escapes.
template <class Parse>
void check_provider(std::string_view input, Parse parse) {
  const auto minified_text = json::minify(input);
  for (const auto& requested : {austin, haifa}) {
    const auto response = respond(parse(input, requested), requested);
    if (minified_text.starts_with('{')) {
      require(respond(parse(minified_text, requested), requested) == response, "whitespace does not change the result");
    }
  }
}

}  // namespace cohort::fuzz
