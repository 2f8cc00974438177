// SPDX-License-Identifier: BSL-1.0
// Tests of the classification of provider responses and failures: each concerns a location, a provider or the request.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/weather/weather_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

/// A weather service with both providers.
struct both_providers_fixture : weather_app_fixture {
  both_providers_fixture() : weather_app_fixture({}, open_meteo()) {}
  void set_geocoding(const std::string& result) { geocoder.body = R"({"results":[)" + result + "]}"; }
};

/// Both providers report every location as unknown.
struct unknown_location_fixture : both_providers_fixture {
  unknown_location_fixture() {
    wttr.status = http::status::not_found;
    geocoder.body = R"({"generationtime_ms":0.1})";
  }
};

TEST_CASE("weather locations: the fallback is called for a location without a report from wttr.in",
          "[services][weather][case-3.1]") {
  const auto status =
      GENERATE(http::status::not_found, http::status::unavailable_for_legal_reasons, http::status::no_content,
               http::status::gone, http::status::bad_request, http::status::unprocessable_entity,
               http::status::not_acceptable, http::status::uri_too_long, http::status::partial_content);
  both_providers_fixture fixture;
  fixture.wttr.status = status;
  const auto response = fixture.get_weather("Paris,France");
  CHECK(response.status == 200);
  CHECK(json_at(response.body, "/provider") == "\"open-meteo\"");
  CHECK(json_at(response.body, "/location/latitude") == "48.85341");
}

TEST_CASE("weather locations: the fallback is called after a text response from wttr.in",
          "[services][weather][case-3.1]") {
  const auto* const body = GENERATE("Unknown location; please try ~32.8,34.9", "<html>Sorry</html>", "", "{}");
  both_providers_fixture fixture;
  fixture.wttr.body = body;
  CHECK(json_at(fixture.get_weather("Paris,France").body, "/provider") == "\"open-meteo\"");
}

TEST_CASE("weather locations: the response is 404 for a location that is unknown to all providers",
          "[services][weather][case-3.2]") {
  unknown_location_fixture fixture;
  const auto [query, name] = GENERATE(table<std::string, std::string>({
      {"Xyzzy,Nowhere", "Xyzzy,Nowhere"},
      {"Paris,Atlantis", "Paris,Atlantis"},
      {"%22Xyzzy%22,x", R"(\"Xyzzy\",x)"},
      {"Xyzzy,DC,USA", "Xyzzy,DC,USA"},
  }));
  const auto response = fixture.get_weather(query);
  CHECK(response.status == 404);
  CHECK(response.header("Content-Type") == "application/json");
  CHECK_FALSE(response.header("Retry-After").has_value());
  CHECK(response.body == R"({"service":"weather-service","error":"unknown location",)"
                         R"("message":"No weather provider found the location \")" +
                             name + R"(\""})");
}

TEST_CASE("weather locations: without a fallback, a location is unknown if wttr.in reports it as unknown",
          "[services][weather][case-3.2]") {
  const auto [status, body] = GENERATE(table<http::status, std::string>({
      {http::status::not_found, "{}"},
      {http::status::gone, "{}"},
      {http::status::no_content, ""},
      {http::status::unavailable_for_legal_reasons, "{}"},
      {http::status::ok, "Unknown location; please try ~32.8,34.9"},
      {http::status::ok, ">>>   Unknown location"},
      {http::status::ok, "Location not found: location not found"},
      {http::status::internal_server_error, "Unknown location; please try ~32.8,34.9"},
      {http::status::ok, R"({"data":{"error":[{"msg":"Unable to find any matching weather location to the query )"
                         R"(submitted!"}]}})"},
      {http::status::ok, R"({"error":[{"msg":"Unable to find any matching weather location"}]})"},
  }));
  weather_app_fixture fixture;
  fixture.wttr.status = status;
  fixture.wttr.body = body;
  CHECK(fixture.get_weather("Xyzzy,Nowhere").status == 404);
}

TEST_CASE("weather locations: the response for an unknown location is 404 even if the other provider fails",
          "[services][weather][case-3.2]") {
  unknown_location_fixture fixture;
  SECTION("wttr.in fails") {
    fixture.wttr.status =
        GENERATE(http::status::internal_server_error, http::status::forbidden, http::status::too_many_requests);
  }
  SECTION("wttr.in times out") { fixture.wttr.delay = 1h; }
  SECTION("the fallback fails") { fixture.geocoder.status = http::status::bad_gateway; }
  CHECK(fixture.get_weather("Xyzzy,Nowhere").status == 404);
}

TEST_CASE("weather locations: an unknown location is cached for ten minutes, in all spellings",
          "[services][weather][case-3.2]") {
  unknown_location_fixture fixture;
  CHECK(fixture.get_weather("Xyzzy,Nowhere").status == 404);
  for (const auto* query : {"Xyzzy,Nowhere", "XYZZY,nowhere", "%20Xyzzy%20,%20Nowhere"}) {
    CHECK(fixture.get_weather(query).status == 404);
    fixture.time.run_for(3min);
  }
  CHECK(fixture.wttr.request_count() == 1);
  CHECK(fixture.geocoder.request_count() == 1);
  CHECK(fixture.metric_value("weather_service_cache_hits_total") == 3);
  fixture.time.run_for(2min);
  fixture.wttr.status = http::status::ok;
  CHECK(fixture.get_weather("Xyzzy,Nowhere").status == 200);
}

TEST_CASE("weather locations: unknown locations do not evict reports or start a cooldown",
          "[services][weather][case-3.2]") {
  unknown_location_fixture fixture;
  fixture.wttr.status = http::status::ok;
  CHECK(fixture.get_weather("Paris,France").status == 200);
  fixture.wttr.status = http::status::not_found;
  for (int i = 0; i < 300; ++i) CHECK(fixture.get_weather("Xyzzy" + std::to_string(i) + ",Nowhere").status == 404);
  CHECK(json_at(fixture.get_weather("Paris,France").body, "/cached") == "true");
  fixture.wttr.status = http::status::ok;
  CHECK(json_at(fixture.get_weather("Rome,Italy").body, "/provider") == "\"wttr.in\"");
  CHECK(fixture.provider_request_count("wttr.in", "unknown_location") == 300);
  CHECK(fixture.provider_request_count("wttr.in", "error") == 0);
}

TEST_CASE("weather locations: the response is 503, not 404, if a provider fails", "[services][weather][case-3.2]") {
  const auto status = GENERATE(http::status::internal_server_error, http::status::service_unavailable,
                               http::status::forbidden, http::status::unauthorized, http::status::request_timeout);
  weather_app_fixture fixture;
  fixture.wttr.status = status;
  CHECK(fixture.get_weather("Paris,France").status == 503);
}

TEST_CASE("weather locations: failures for one location do not stop requests for other locations",
          "[services][weather][case-3.3]") {
  const auto [status, delay] = GENERATE(table<http::status, duration>({
      {http::status::forbidden, 0s},
      {http::status::internal_server_error, 0s},
      {http::status::bad_gateway, 0s},
      {http::status::unauthorized, 0s},
      {http::status::ok, 1h},
  }));
  weather_app_fixture fixture;
  for (int i = 0; i < 4; ++i) {
    fixture.wttr.status = status;
    fixture.wttr.delay = delay;
    CHECK(fixture.get_weather("Paris,France").status == 503);
    fixture.time.run_for(61s);
  }
  fixture.wttr.status = http::status::ok;
  fixture.wttr.delay = 0s;
  CHECK(fixture.get_weather("Rome,Italy").status == 200);
}

TEST_CASE("weather locations: failures for two locations do not stop requests for other locations",
          "[services][weather][case-3.3]") {
  weather_app_fixture fixture;
  fixture.wttr.status = GENERATE(http::status::forbidden, http::status::internal_server_error);
  CHECK(fixture.get_weather("Paris,France").status == 503);
  CHECK(fixture.get_weather("London,UK").status == 503);
  fixture.wttr.status = http::status::ok;
  CHECK(fixture.get_weather("Rome,Italy").status == 200);
}

TEST_CASE("weather locations: failures for several locations start a cooldown for all locations",
          "[services][weather][case-3.3]") {
  weather_app_fixture fixture;
  fixture.wttr.status = http::status::internal_server_error;
  for (const auto* query : {"Paris,France", "London,UK", "Rome,Italy"}) CHECK(fixture.get_weather(query).status == 503);
  fixture.wttr.status = http::status::ok;
  const auto response = fixture.get_weather("Madrid,Spain");
  CHECK(response.status == 503);
  CHECK(json_at(response.body, "/error") == "\"status 500\"");
  CHECK(response.header("Retry-After") == "5");
  CHECK(fixture.wttr.request_count() == 3);
  fixture.time.run_for(5s);
  CHECK(fixture.get_weather("Madrid,Spain").status == 200);
}

TEST_CASE("weather locations: country names, codes and variants match results of the fallback",
          "[services][weather][case-3.4]") {
  const auto [query, result] = GENERATE(table<std::string, std::string>({
      {"Austin,USA", geocoding_result("Austin", "US", "United States", "Texas", 30.26715, -97.74306)},
      {"Austin,U.S.A.", geocoding_result("Austin", "US", "United States", "Texas", 30.26715, -97.74306)},
      {"Austin,us", geocoding_result("Austin", "US", "United States", "Texas", 30.26715, -97.74306)},
      {"Austin,Texas", geocoding_result("Austin", "US", "United States", "Texas", 30.26715, -97.74306)},
      {"London,UK", geocoding_result("London", "GB", "United Kingdom", "England", 51.50853, -0.12574)},
      {"London,GBR", geocoding_result("London", "GB", "United Kingdom", "England", 51.50853, -0.12574)},
      {"London,Great+Britain", geocoding_result("London", "GB", "United Kingdom", "England", 51.50853, -0.12574)},
      {"London,England", geocoding_result("London", "GB", "United Kingdom", "England", 51.50853, -0.12574)},
      {"Berlin,Deutschland", geocoding_result("Berlin", "DE", "Germany", "State of Berlin", 52.52437, 13.41053)},
      {"Berlin,DEUTSCHLAND", geocoding_result("Berlin", "DE", "", "", 52.52437, 13.41053)},
      {"Wien,%C3%96sterreich", geocoding_result("Vienna", "AT", "Austria", "Vienna", 48.20849, 16.37208)},
      {"Wien,Osterreich", geocoding_result("Vienna", "AT", "Austria", "Vienna", 48.20849, 16.37208)},
      {"Den+Haag,The+Netherlands", geocoding_result("The Hague", "NL", "The Netherlands", "", 52.07667, 4.29861)},
      {"Den+Haag,Holland", geocoding_result("The Hague", "NL", "The Netherlands", "", 52.07667, 4.29861)},
      {"Praha,Czech+Republic", geocoding_result("Prague", "CZ", "Czechia", "Prague", 50.08804, 14.42076)},
      {"Tokyo,%E6%97%A5%E6%9C%AC", geocoding_result("Tokyo", "JP", "Japan", "Tokyo", 35.6895, 139.69171)},
      {"Moscow,Russian+Federation", geocoding_result("Moscow", "RU", "Russia", "Moscow", 55.75222, 37.61556)},
      {"Seoul,South+Korea", geocoding_result("Seoul", "KR", "South Korea", "Seoul", 37.566, 126.9784)},
  }));
  CAPTURE(query);
  both_providers_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  fixture.set_geocoding(geocoding_result("Elsewhere", "ZZ", "Zedland", "Zed", -1, 1) + "," + result);
  const auto response = fixture.get_weather(query);
  CHECK(response.status == 200);
  CHECK(json_at(response.body, "/provider") == "\"open-meteo\"");
  CHECK_FALSE(json_at(response.body, "/location/latitude")->starts_with('-'));
}

TEST_CASE("weather locations: a document of wttr.in that is nested in a member `data` is accepted",
          "[services][weather][case-3.5]") {
  weather_app_fixture fixture;
  const auto document = wttr_response("17", "Paris", "France");
  fixture.wttr.body = GENERATE_COPY(values<std::string>({
      R"({"data":)" + document + "}",
      R"({"request":{"type":"City"},"data":)" + document + R"(,"version":2})",
      R"({"data":null,)" + document.substr(1),
      R"({"data":[],)" + document.substr(1),
      R"({"data":{},)" + document.substr(1),
      R"({"data":{"error":[]},)" + document.substr(1),
      "\xEF\xBB\xBF{\"data\":" + document + "}",
  }));
  const auto response = fixture.get_weather("Paris,France");
  CHECK(response.status == 200);
  CHECK(json_at(response.body, "/weather/temperature_c") == "\"17\"");
  CHECK(json_at(response.body, "/location/latitude") == "32.817");
}

TEST_CASE("weather locations: a report that a proxy has modified is accepted", "[services][weather][case-3.5]") {
  weather_app_fixture fixture;
  fixture.wttr.status = http::status::non_authoritative_information;
  CHECK(fixture.get_weather("Paris,France").status == 200);
}

TEST_CASE("a report for a different place shows the name of the place", "[services][weather][case-3.6]") {
  const auto [query, city, country] = GENERATE(table<std::string, std::string, std::string>({
      {"Paris,France", "Oymyakon", "Russia"},
      {"Paris,France", "Marseille", "France"},
      {"Paris,France", "Paris", "United States of America"},
      {"York,USA", "New York", "United States of America"},
      {"Ham,UK", "Birmingham", "United Kingdom"},
      {"Rom,Italy", "Romano", "Italy"},
      {"Xyzzy,Nowhere", "Hefa", "Israel"},
  }));
  weather_app_fixture fixture;
  fixture.wttr.body = wttr_response("21", city, country);
  const auto response = fixture.get_weather(query);
  CHECK(response.status == 200);
  CHECK(json_at(response.body, "/location/nearest_area") ==
        R"({"city":")" + city + R"(","country":")" + country + R"(","latitude":32.817,"longitude":34.989})");
  CHECK(json_at(response.body, "/location/latitude") == "null");
  CHECK(json_at(fixture.get_weather(query).body, "/location/nearest_area/city") == "\"" + city + "\"");
}

TEST_CASE("weather locations: a report for the requested place does not contain the name of another place",
          "[services][weather][case-3.6]") {
  const auto [query, city, country] = GENERATE(table<std::string, std::string, std::string>({
      {"Haifa,Israel", "Hefa", "Israel"},  // the same place because of the short distance
      {"London,UK", "City of London", "United Kingdom"},
      {"London,England", "London", "United Kingdom"},
      {"Frankfurt,Germany", "Frankfurt am Main", "Germany"},
      {"Saint+Louis,USA", "St. Louis", "United States of America"},
      {"Tel+Aviv,Israel", "Tel Aviv-Yafo", "Israel"},
      {"%E6%9D%B1%E4%BA%AC,Japan", "\u6771\u4EAC\u90FD", "Japan"},
      {"Seoul,Korea,+Republic+of", "Seoul", "South Korea"},
      {"new+york,USA", "New York", "United States of America"},
      {"S%C3%A3o+Paulo,Brasil", "Sao Paulo", "Brazil"},
      {"Berlin,Deutschland", "Berlin", "Germany"},
      {"Paris,France", "", ""},
  }));
  weather_app_fixture fixture;
  fixture.wttr.body = wttr_response("21", city, country);
  const auto response = fixture.get_weather(query);
  CHECK(response.status == 200);
  CHECK_FALSE(json_at(response.body, "/location/nearest_area").has_value());
  CHECK(json_at(response.body, "/location/latitude") != "null");
}

TEST_CASE("weather locations: every name that can be sent to a provider is accepted", "[services][weather][case-3.7]") {
  const auto [query, target] = GENERATE(table<std::string, std::string>({
      {"100+Mile+House,Canada", "/100%20Mile%20House,Canada"},
      {"St.+John's,Canada", "/St.%20John's,Canada"},
      {"Frankfurt+(Oder),Germany", "/Frankfurt%20(Oder),Germany"},
      {"Frankfurt+%5BOder%5D,Germany", "/Frankfurt%20%5BOder%5D,Germany"},
      {"Washington,DC,USA", "/Washington,DC,USA"},
      {"Washington,+DC,+USA", "/Washington,DC,USA"},
      {"M%C3%BCnchen,Deutschland", "/M%C3%BCnchen,Deutschland"},
      {"%E6%9D%B1%E4%BA%AC,%E6%97%A5%E6%9C%AC", "/%E6%9D%B1%E4%BA%AC,%E6%97%A5%E6%9C%AC"},
      {"Biel/Bienne,Switzerland", "/Biel%2FBienne,Switzerland"},
      {"..%2F..,x", "/..%2F..,x"},
      {"A%26B%3Fc%23d%25e,x", "/A&B%3Fc%23d%25e,x"},
      {"52.5,13.4", "/52.5,13.4"},
  }));
  CAPTURE(query);
  weather_app_fixture fixture;
  CHECK(fixture.get_weather(query).status == 200);
  CHECK(fixture.wttr.targets == std::vector<std::string>{target + "?format=j1"});
}

TEST_CASE("weather locations: names that cannot be sent are rejected", "[services][weather][case-3.7]") {
  weather_app_fixture fixture;
  const std::string query = GENERATE(values<std::string>({
      "Paris%00,France",
      "Paris%0A,France",
      "Paris%09,France",
      "Paris%7F,France",
      "Paris%C2%85,France",
      "Paris%FF,France",
      "Paris,%C3",
      std::string(300, 'a') + ",France",
  }));
  CAPTURE(query);
  CHECK(fixture.get_weather(query).status == 400);
  CHECK(fixture.wttr.request_count() == 0);
}

TEST_CASE("weather locations: a region is reported, and selects one of several results",
          "[services][weather][case-3.7]") {
  both_providers_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  fixture.set_geocoding(geocoding_result("Springfield", "US", "United States", "Missouri", 37.2, -93.3) + "," +
                        geocoding_result("Springfield", "US", "United States", "Illinois", 39.8, -89.6));
  const auto response = fixture.get_weather("Springfield,Illinois,USA");
  CHECK(json_at(response.body, "/location/region") == "\"Illinois\"");
  CHECK(json_at(response.body, "/location/latitude") == "39.8");
}

TEST_CASE("weather locations: a report of the fallback for another place contains the name of that place",
          "[services][weather][case-3.6]") {
  both_providers_fixture fixture;
  fixture.wttr.status = http::status::bad_gateway;
  fixture.set_geocoding(geocoding_result("Springfield", "US", "United States", "Missouri", 37.2, -93.3));
  const auto other_region = fixture.get_weather("Springfield,Ohio,USA");
  CHECK(json_at(other_region.body, "/location/latitude") == "null");
  CHECK(json_at(other_region.body, "/location/nearest_area") ==
        R"({"city":"Springfield","region":"Missouri","country":"United States","latitude":37.2,"longitude":-93.3})");
  const auto other_name = fixture.get_weather("Spring,USA");
  CHECK(json_at(other_name.body, "/location/nearest_area") ==
        R"({"city":"Springfield","country":"United States","latitude":37.2,"longitude":-93.3})");
  // The coordinates of another place are not those of the requested place.
  fixture.time.run_for(11min);
  CHECK(json_at(fixture.get_weather("Spring,USA").body, "/location/nearest_area/city") == "\"Springfield\"");
}

TEST_CASE("weather locations: a report of wttr.in for another region contains the name of that region",
          "[services][weather][case-3.6]") {
  weather_app_fixture fixture;
  const std::string empty_region_json = R"("region":[{"value":""}])";
  auto document = wttr_response("21", "Springfield", "United States of America");
  fixture.wttr.body = document.replace(document.find(empty_region_json), empty_region_json.size(),
                                       R"("region":[{"value":"Missouri"}])");
  CHECK(json_at(fixture.get_weather("Springfield,Ohio,USA").body, "/location/nearest_area/region") == "\"Missouri\"");
  for (const auto* query : {"Springfield,Missouri,USA", "Springfield,MO,USA", "Springfield,MO", "Springfield,USA"}) {
    CAPTURE(query);
    CHECK_FALSE(json_at(fixture.get_weather(query).body, "/location/nearest_area").has_value());
  }
}

TEST_CASE("weather locations: trailing slashes of a provider's URL are ignored", "[services][weather][case-3.8]") {
  const auto* const slashes = GENERATE("", "/", "//", "///");
  providers_fixture fixture;
  scripted_response wttr;
  scripted_response geocoder;
  scripted_response forecast;
  wttr.status = http::status::bad_gateway;
  geocoder.body = geocoding_response();
  forecast.body = open_meteo_response();
  fixture.add_server("prefixed-wttr.test", scripted_router("/wttr/{location}", wttr));
  fixture.add_server("prefixed-forecast.test", scripted_router("/meteo/v1/forecast", forecast));
  fixture.add_server("prefixed-geocoding.test", scripted_router("/geo/v1/search", geocoder));
  const auto url = [&](const char* base) { return parse_url(std::string{base} + slashes); };
  const weather::provider_chain::settings providers{
      .wttr = url("http://prefixed-wttr.test/wttr"),
      .open_meteo = weather::open_meteo_urls{url("http://prefixed-forecast.test/meteo"),
                                             url("http://prefixed-geocoding.test/geo")},
      .policy = single_attempt_policy()};
  fixture.serve(weather::app(fixture.make_context(), {.providers = providers, .max_age = 10min}));
  CHECK(fixture.response_to(get("/api/weather?location=Paris,France")).status == 200);
  CHECK(wttr.targets == std::vector<std::string>{"/wttr/Paris,France?format=j1"});
  CHECK(geocoder.request_count() == 1);
  CHECK(forecast.request_count() == 1);
}

}  // namespace
}  // namespace cohort
