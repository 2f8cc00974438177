// SPDX-License-Identifier: BSL-1.0
// Tests the weather service with scripted providers, with and without TLS.
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "tests/integration/running_program.hpp"
#include "tests/integration/weather/open_meteo_samples.hpp"
#include "tests/integration/weather/wttr_samples.hpp"
#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/net/black_hole.hpp"
#include "tests/support/net/certificate_authority.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

running_program start_weather_service(const std::string& url, child_process::environment variables = {}) {
  variables.emplace("WEATHER_UPSTREAM_URL", url);
  variables.emplace("WEATHER_FALLBACK_URL", "none");
  // Retries are disabled, so that requests can be counted.
  variables.emplace("WEATHER_UPSTREAM_POLICY", "attempts=1");
  return running_program{"weather-service", {}, variables};
}

TEST_CASE("weather: values come from the provider; missing values are N/A", "[integration][weather][threads]") {
  scripted_upstream provider;
  provider.enqueue(canned_response{.body = wttr_response()});
  provider.enqueue(canned_response{.body = R"({"current_condition":[{"temp_C":"5"}]})"});
  auto service = start_weather_service(provider.url());

  const auto response = get(service.port(), "/api/weather");
  REQUIRE(response.status == 200);
  CHECK(response.body == R"({"service":"weather-service","cached":false,"provider":"wttr.in",)"
                         R"("location":{"city":"Haifa","country":"Israel","latitude":32.794,"longitude":34.9896},)"
                         R"("weather":{"temperature_c":"21","temperature_f":"70","condition":"Partly cloudy",)"
                         R"("humidity":"64","wind_speed_kmph":"13","feels_like_c":"20"}})");
  CHECK(provider.requests().at(0).target == "/Haifa,Israel?format=j1");

  const auto other = get(service.port(), "/api/weather?location=S%C3%A3o%20Paulo,Brazil");
  CHECK(json_at(other.body, "/location/city") == "\"São Paulo\"");
  CHECK(json_at(other.body, "/location/latitude") == "null");
  CHECK(json_at(other.body, "/weather/temperature_c") == "\"5\"");
  CHECK(json_at(other.body, "/weather/humidity") == "\"N/A\"");
  CHECK(provider.requests().at(1).target == "/S%C3%A3o%20Paulo,Brazil?format=j1");
}

TEST_CASE("weather: an invalid location is rejected with 400, and the provider is not called",
          "[integration][weather][threads]") {
  scripted_upstream provider;
  auto service = start_weather_service(provider.url());
  for (const std::string location : {"Haifa", ",", "Haifa,", "x%0d%0aHost:%20y,z", "%FF,y", "a%00,b", ""}) {
    CAPTURE(location);
    const auto response = get(service.port(), "/api/weather?location=" + location);
    CHECK(response.status == 400);
    CHECK(json_at(response.body, "/error") == "\"Bad Request\"");
  }
  CHECK(provider.accepted_connection_count() == 0);
}

TEST_CASE("weather: a second request is served from the cache with the age of the report",
          "[integration][weather][threads]") {
  scripted_upstream provider;
  provider.enqueue(canned_response{.body = wttr_response()});
  auto service = start_weather_service(provider.url());
  get(service.port(), "/api/weather");
  const auto again = get(service.port(), "/api/weather?location=haifa,ISRAEL");
  CHECK(json_at(again.body, "/cached") == "true");
  CHECK(json_at(again.body, "/cache_age_seconds") == "0");
  CHECK(provider.requests().size() == 1);
  CHECK(metric(service.port(), "weather_service_cache_hits_total") == 1);
  CHECK(metric(service.port(), "weather_service_cache_misses_total") == 1);
}

TEST_CASE("weather: concurrent requests share one provider request", "[integration][weather][threads]") {
  scripted_upstream provider;
  provider.enqueue(canned_response{.body = wttr_response(), .delay = 200ms});
  auto service = start_weather_service(provider.url());
  const auto port = service.port();
  std::array<int, 12> statuses{};
  {
    std::vector<std::jthread> clients;
    for (auto& status : statuses) clients.emplace_back([&status, port] { status = get(port, "/api/weather").status; });
  }
  for (const int status : statuses) CHECK(status == 200);
  CHECK(provider.requests().size() == 1);
}

TEST_CASE("weather: after a provider failure the response is 503 with the error class and Retry-After",
          "[integration][weather][threads]") {
  struct example {
    std::string name;
    behavior step;
    std::string error;
  };
  const auto body = wttr_response();
  for (const auto& test_case : {
           example{"resets the connection", reset_before_response{}, "reset"},
           example{"resets the connection within the body", reset_mid_body{.body = body}, "reset"},
           example{"truncates the body", truncated_body{.body = body}, "reset"},
           example{"sends invalid HTTP", raw_bytes{"what is this\r\n\r\n"}, "protocol"},
           example{"responds 500", canned_response{.status = 500, .body = "oops"}, "status 500"},
           example{"sends HTML", canned_response{.body = "<html>hello</html>"}, "unexpected answer"},
           example{"sends an object in place of the list", canned_response{.body = R"({"current_condition":{}})"},
                   "unexpected answer"},
           example{"sends an empty list", canned_response{.body = R"({"current_condition":[]})"}, "unexpected answer"},
           example{"exceeds the size limit",
                   canned_response{.body = std::string(2 * 1024 * 1024, ' '), .chunked = true}, "too_big"},
           example{"sends invalid gzip", canned_response{.headers = {{"Content-Encoding", "gzip"}}, .body = body},
                   "protocol"},
       }) {
    CAPTURE(test_case.name);
    scripted_upstream provider;
    provider.set_default_behavior(test_case.step);
    auto service = start_weather_service(provider.url());
    const auto response = get(service.port(), "/api/weather");
    CHECK(response.status == 503);
    CHECK(std::stoi(response.header("retry-after")) >= 1);
    CHECK(json_at(response.body, "/error") == "\"" + test_case.error + "\"");
    CHECK(json_at(response.body, "/message") == "\"Could not fetch weather data\"");
    const auto request_count = provider.requests().size();
    CHECK(get(service.port(), "/api/weather").status == 503);
    CHECK(provider.requests().size() == request_count);
    CHECK(service.stop() == 0);
  }
}

TEST_CASE("weather: a stale report is served after a provider failure", "[integration][weather][threads]") {
  scripted_upstream provider;
  provider.enqueue(canned_response{.body = wttr_response("17")});
  provider.set_default_behavior(canned_response{.status = 502});
  auto service = start_weather_service(provider.url(), {{"WEATHER_CACHE_SECONDS", "1"}});
  REQUIRE(get(service.port(), "/api/weather").status == 200);
  // After a second, the stale report is served while a fetch is in flight, and then with its error.
  response stale;
  do stale = get(service.port(), "/api/weather");
  while (json_at(stale.body, "/error") == "(none)");
  CHECK(provider.requests().size() == 2);
  CHECK(metric(service.port(), R"(weather_service_cache_stale_total{reason="revalidate"})") >= 1);
  CHECK(metric(service.port(), R"(weather_service_cache_stale_total{reason="error"})") == 1);
  CHECK(stale.status == 200);
  CHECK(json_at(stale.body, "/cached") == "true");
  CHECK(json_at(stale.body, "/stale") == "true");
  CHECK(json_at(stale.body, "/cache_age_seconds") == "1");
  CHECK(json_at(stale.body, "/weather/temperature_c") == "\"17\"");
  CHECK(json_at(stale.body, "/error") == "\"Using stale cache due to error: status 502\"");
}

TEST_CASE("weather: a stale report is served immediately and replaced in the background",
          "[integration][weather][threads]") {
  scripted_upstream provider;
  provider.enqueue(canned_response{.body = wttr_response("17")});
  provider.set_default_behavior(canned_response{.body = wttr_response("18")});
  auto service = start_weather_service(provider.url(), {{"WEATHER_CACHE_SECONDS", "1"}});
  REQUIRE(get(service.port(), "/api/weather").status == 200);
  response response;
  do response = get(service.port(), "/api/weather");
  while (json_at(response.body, "/stale") == "(none)");
  CHECK(json_at(response.body, "/cached") == "true");
  CHECK(json_at(response.body, "/cache_age_seconds") == "1");
  CHECK(json_at(response.body, "/weather/temperature_c") == "\"17\"");
  CHECK(json_at(response.body, "/error") == "(none)");
  do response = get(service.port(), "/api/weather");
  while (json_at(response.body, "/stale") == "true");
  CHECK(json_at(response.body, "/weather/temperature_c") == "\"18\"");
}

TEST_CASE("weather: the fallback is used until the first provider recovers", "[integration][weather][threads]") {
  scripted_upstream first;
  scripted_upstream second;
  scripted_upstream geocoder;
  first.enqueue(canned_response{.status = 429});
  first.set_default_behavior(canned_response{.body = wttr_response("21")});
  second.enqueue(canned_response{.body = open_meteo_response("18.6")});
  second.enqueue(canned_response{.status = 429});
  geocoder.enqueue(canned_response{.body = geocoding_response()});
  auto service = running_program{"weather-service",
                                 {},
                                 {{"WEATHER_UPSTREAM_URL", first.url()},
                                  {"WEATHER_UPSTREAM_POLICY", "attempts=1"},
                                  {"WEATHER_FALLBACK_URL", second.url()},
                                  {"WEATHER_GEOCODING_URL", geocoder.url()}}};

  const auto fallback = get(service.port(), "/api/weather?location=Paris,France");
  CHECK(fallback.status == 200);
  CHECK(json_at(fallback.body, "/provider") == "\"open-meteo\"");
  CHECK(json_at(fallback.body, "/weather/temperature_c") == "\"19\"");
  CHECK(json_at(fallback.body, "/location/latitude") == "48.85341");
  CHECK(geocoder.requests().at(0).target == "/v1/search?name=Paris&count=100&language=en&format=json");
  CHECK(second.requests().at(0).target.starts_with("/v1/forecast?latitude=48.85341&longitude=2.3488&current="));

  const auto unavailable = get(service.port(), "/api/weather");
  CHECK(unavailable.status == 503);
  CHECK(json_at(unavailable.body, "/error") == "\"status 429\"");
  CHECK(std::stoi(unavailable.header("retry-after")) >= 1);
  CHECK(first.requests().size() == 1);

  // Both providers are in a cooldown of some seconds, in which no request is sent.
  auto response = get(service.port(), "/api/weather?location=Rome,Italy");
  CHECK(response.status == 503);
  while (response.status == 503) {
    std::this_thread::sleep_for(50ms);
    response = get(service.port(), "/api/weather?location=Rome,Italy");
  }
  CHECK(response.status == 200);
  CHECK(json_at(response.body, "/provider") == "\"wttr.in\"");
  CHECK(first.requests().size() == 2);
  CHECK(second.requests().size() == 2);
  CHECK(metric(service.port(), R"(weather_service_provider_requests_total{provider="open-meteo",outcome="ok"})") == 1);
  CHECK(metric(service.port(), R"(weather_service_provider_requests_total{provider="wttr.in",outcome="error"})") == 1);
  CHECK(service.stop() == 0);
}

TEST_CASE("weather: the setting of the fallback accepts a URL or none", "[integration][weather][threads]") {
  const auto result = run_program("weather-service", {"--weather-fallback-url", "nobody"});
  CHECK(result.status == 2);
  CHECK(result.error.find("--weather-fallback-url is \"nobody\"") != std::string::npos);
  CHECK(result.error.find("or none") != std::string::npos);
}

TEST_CASE("weather: the provider's certificate is verified", "[integration][weather][threads]") {
  certificate_authority trusted{"Test CA"};
  certificate_authority other{"Other CA"};
  const temporary_directory directory;
  const auto bundle = directory.write("ca.pem", trusted.certificate_pem());

  struct certificate_case {
    std::string name;
    certificate_and_key leaf;
    int status;
  };
  for (const auto& test_case : {
           certificate_case{"good", trusted.issue({.dns = {"localhost"}}), 200},
           certificate_case{"for another name", trusted.issue({.dns = {"example.org"}}), 503},
           certificate_case{"expired",
                            trusted.issue({.dns = {"localhost"}, .not_before_offset = -48h, .validity_period = 24h}),
                            503},
           certificate_case{"of an unknown CA", other.issue({.dns = {"localhost"}}), 503},
       }) {
    CAPTURE(test_case.name);
    scripted_upstream provider{test_case.leaf};
    provider.set_default_behavior(canned_response{.body = wttr_response()});
    auto service = start_weather_service(provider.url(), {{"SSL_CERT_FILE", bundle.string()}});
    const auto response = get(service.port(), "/api/weather");
    CHECK(response.status == test_case.status);
    if (test_case.status != 200) {
      CHECK(json_at(response.body, "/error") == "\"tls\"");
      CHECK(provider.requests().empty());
    }
  }
}

TEST_CASE("weather: an unresponsive provider does not delay a response past its deadline",
          "[integration][weather][threads]") {
  scripted_upstream unresponsive_provider;
  unresponsive_provider.set_default_behavior(no_response{});
  scripted_upstream slow;
  slow.set_default_behavior(slow_body{.body = wttr_response(), .interval = 50ms});
  const black_hole unresponsive_server;
  for (const auto& url :
       {unresponsive_provider.url(), slow.url(), "http://127.0.0.1:" + std::to_string(unresponsive_server.port())}) {
    CAPTURE(url);
    auto service = start_weather_service(url);
    const auto response = get(service.port(), "/api/weather", {{"x-envoy-expected-rq-timeout-ms", "400"}});
    CHECK(response.status == 503);
    CHECK(json_at(response.body, "/error") == "\"timeout\"");
    CHECK(service.stop() == 0);
  }
  // The fetch was cancelled when the service stopped.
  unresponsive_provider.wait_for_disconnects(1);
}

TEST_CASE("weather: the response is 503 if the provider's host name cannot be resolved",
          "[integration][weather][threads]") {
  auto service = start_weather_service("http://no-such-host.invalid");
  const auto response = get(service.port(), "/api/weather");
  CHECK(response.status == 503);
  CHECK(json_at(response.body, "/error") == "\"dns\"");
}

TEST_CASE("weather: WEATHER_SAMPLE serves the marked built-in report without a provider",
          "[integration][weather][threads][case-5.13]") {
  scripted_upstream provider;
  auto service = start_weather_service(provider.url(), {{"WEATHER_SAMPLE", "true"}});
  const auto response = get(service.port(), "/api/weather");
  CHECK(response.status == 200);
  CHECK(json_at(response.body, "/sample") == "true");
  CHECK(json_at(response.body, "/provider") == "\"sample\"");
  CHECK(json_at(response.body, "/location/city") == "\"Haifa\"");
  CHECK(provider.accepted_connection_count() == 0);
}

}  // namespace
}  // namespace cohort::test
