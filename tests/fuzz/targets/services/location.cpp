// SPDX-License-Identifier: BSL-1.0
// Fuzzes the location in a query of the weather service, and the names with which the service compares the location.
#include "services/weather/location/location.hpp"

#include <simdjson.h>

#include <boost/url/parse.hpp>

#include "services/weather/location/case_folding.hpp"
#include "services/weather/location/country.hpp"
#include "services/weather/providers/wttr.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::location_target {
namespace {

void check_names(std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return;
  const auto folded = weather::fold_case(text);
  require(simdjson::validate_utf8(folded.data(), folded.size()), "case-folded text is valid UTF-8");
  require(weather::fold_case(folded) == folded, "case folding is idempotent");
  const auto name = weather::fold_name(text);
  require(simdjson::validate_utf8(name.data(), name.size()), "a folded name is UTF-8");
  require(!name.starts_with(' ') && !name.ends_with(' ') && name.find("  ") == std::string::npos,
          "a folded name has single spaces");
  require(weather::is_same_country(text, text), "a country equals itself");
  const auto code = weather::country_code(text);
  require(!code || (code->size() == 2 && weather::country_code(*code) == code),
          "the country code of a country code is the code itself");
}

void run(std::string_view input) {
  check_names(input.substr(0, 256));
  const auto parsed = weather::parse_location(input);
  if (!parsed) return;
  require(!parsed->city.empty() && !parsed->country.empty(), "a location has a city and a country");
  const auto again = weather::parse_location(parsed->text());
  require(again && again->text() == parsed->text() && again->cache_key() == parsed->cache_key(),
          "parsing a printed location returns the same location");
  static const auto base = boost::urls::parse_uri("http://a").value();
  auto url = weather::wttr_url(base, *parsed);
  require(url.segments().size() == 1 && std::string{url.segments().front()} == parsed->text(),
          "a location is one segment of the URL");
}

const registration fuzz_registration{{"location", run}};

}  // namespace
}  // namespace cohort::fuzz::location_target
