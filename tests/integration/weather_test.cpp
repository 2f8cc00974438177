// The weather service against a provider in every mood, over TLS where that matters.
#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "tests/integration/open_meteo_samples.hpp"
#include "tests/integration/running_program.hpp"
#include "tests/integration/wttr_samples.hpp"
#include "tests/support/black_hole.hpp"
#include "tests/support/certificate_authority.hpp"
#include "tests/support/scripted_upstream.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

running_program weather_from(const std::string& url, child_process::environment more = {}) {
  more.emplace("WEATHER_UPSTREAM_URL", url);
  more.emplace("WEATHER_FALLBACK_URL", "none");
  // So that it can be counted who was asked.
  more.emplace("WEATHER_UPSTREAM_POLICY", "attempts=1");
  return running_program{"weather-service", {}, more};
}

TEST_CASE("the weather is the provider's, as strings, with N/A for what it left out") {
  scripted_upstream provider;
  provider.next(answer{.body = wttr_answer()});
  provider.next(answer{.body = R"({"current_condition":[{"temp_C":"5"}]})"});
  auto service = weather_from(provider.url());

  const auto got = get(service.port(), "/api/weather");
  REQUIRE(got.status == 200);
  CHECK(got.body == R"({"service":"weather-service","cached":false,"provider":"wttr.in",)"
                    R"("location":{"city":"Haifa","country":"Israel","latitude":32.794,"longitude":34.9896},)"
                    R"("weather":{"temperature_c":"21","temperature_f":"70","condition":"Partly cloudy",)"
                    R"("humidity":"64","wind_speed_kmph":"13","feels_like_c":"20"}})");
  CHECK(provider.requests().at(0).target == "/Haifa,Israel?format=j1");

  const auto elsewhere = get(service.port(), "/api/weather?location=S%C3%A3o%20Paulo,Brazil");
  CHECK(json_at(elsewhere.body, "/location/city") == "\"São Paulo\"");
  CHECK(json_at(elsewhere.body, "/location/latitude") == "null");
  CHECK(json_at(elsewhere.body, "/weather/temperature_c") == "\"5\"");
  CHECK(json_at(elsewhere.body, "/weather/humidity") == "\"N/A\"");
  CHECK(provider.requests().at(1).target == "/S%C3%A3o%20Paulo,Brazil?format=j1");
}

TEST_CASE("a place that is none is refused before anybody is asked") {
  scripted_upstream provider;
  auto service = weather_from(provider.url());
  for (const std::string place : {"Haifa", ",", "Haifa,", "a/b,c", "..%2F..%2Fetc,passwd", "x%0d%0aHost:%20y,z",
                                  "%FF,y", "1,2", "", "a,b,c%3Fq"}) {
    CAPTURE(place);
    const auto got = get(service.port(), "/api/weather?location=" + place);
    CHECK(got.status == 400);
    CHECK(json_at(got.body, "/error") == "\"Bad Request\"");
  }
  CHECK(provider.connections_accepted() == 0);
}

TEST_CASE("a second request is answered from the cache and says how old that is") {
  scripted_upstream provider;
  provider.next(answer{.body = wttr_answer()});
  auto service = weather_from(provider.url());
  get(service.port(), "/api/weather");
  const auto again = get(service.port(), "/api/weather?location=haifa,ISRAEL");
  CHECK(json_at(again.body, "/cached") == "true");
  CHECK(json_at(again.body, "/cache_age_seconds") == "0");
  CHECK(provider.requests().size() == 1);
  CHECK(metric(service.port(), "weather_service_cache_hits_total") == 1);
  CHECK(metric(service.port(), "weather_service_cache_misses_total") == 1);
}

TEST_CASE("many who ask at once cost the provider one request") {
  scripted_upstream provider;
  provider.next(answer{.body = wttr_answer(), .delay = 200ms});
  auto service = weather_from(provider.url());
  const auto port = service.port();
  std::array<int, 12> statuses{};
  {
    std::vector<std::jthread> clients;
    for (auto& status : statuses) clients.emplace_back([&status, port] { status = get(port, "/api/weather").status; });
  }
  for (const int status : statuses) CHECK(status == 200);
  CHECK(provider.requests().size() == 1);
}

TEST_CASE("whatever the provider does short of answering is a typed 503 with Retry-After, and it is then left alone") {
  struct mood {
    std::string name;
    behaviour does;
    std::string error;
  };
  const auto body = wttr_answer();
  for (const auto& each : {
           mood{"resets", reset_before_answer{}, "reset"},
           mood{"resets in the body", reset_mid_body{.body = body}, "reset"},
           mood{"sends half", half_body{.body = body}, "reset"},
           mood{"sends garbage", garbage{"what is this\r\n\r\n"}, "protocol"},
           mood{"fails", answer{.status = 500, .body = "oops"}, "status 500"},
           mood{"is not JSON", answer{.body = "<html>hello</html>"}, "unexpected answer"},
           mood{"has another shape", answer{.body = R"({"current_condition":{}})"}, "unexpected answer"},
           mood{"is an empty list", answer{.body = R"({"current_condition":[]})"}, "unexpected answer"},
           mood{"is too big", answer{.body = std::string(2 * 1024 * 1024, ' '), .chunked = true}, "too_big"},
           mood{"lies about its packing", answer{.headers = {{"Content-Encoding", "gzip"}}, .body = body}, "protocol"},
       }) {
    CAPTURE(each.name);
    scripted_upstream provider;
    provider.always(each.does);
    auto service = weather_from(provider.url());
    const auto got = get(service.port(), "/api/weather");
    CHECK(got.status == 503);
    CHECK(std::stoi(got.header("retry-after")) >= 1);
    CHECK(json_at(got.body, "/error") == "\"" + each.error + "\"");
    CHECK(json_at(got.body, "/message") == "\"Could not fetch weather data\"");
    const auto asked = provider.requests().size();
    CHECK(get(service.port(), "/api/weather").status == 503);
    CHECK(provider.requests().size() == asked);
    CHECK(service.stop() == 0);
  }
}

TEST_CASE("an expired report is better than none when the provider fails") {
  scripted_upstream provider;
  provider.next(answer{.body = wttr_answer("17")});
  provider.always(answer{.status = 502});
  auto service = weather_from(provider.url(), {{"WEATHER_CACHE_SECONDS", "1"}});
  REQUIRE(get(service.port(), "/api/weather").status == 200);
  // The cache's own clock has to pass; then the old report is given while a new one is fetched, until that has failed.
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

TEST_CASE("a report that has got old is given at once, and a new one is there soon after") {
  scripted_upstream provider;
  provider.next(answer{.body = wttr_answer("17")});
  provider.always(answer{.body = wttr_answer("18")});
  auto service = weather_from(provider.url(), {{"WEATHER_CACHE_SECONDS", "1"}});
  REQUIRE(get(service.port(), "/api/weather").status == 200);
  response got;
  do got = get(service.port(), "/api/weather");
  while (json_at(got.body, "/stale") == "(none)");
  CHECK(json_at(got.body, "/cached") == "true");
  CHECK(json_at(got.body, "/cache_age_seconds") == "1");
  CHECK(json_at(got.body, "/weather/temperature_c") == "\"17\"");
  CHECK(json_at(got.body, "/error") == "(none)");
  do got = get(service.port(), "/api/weather");
  while (json_at(got.body, "/stale") == "true");
  CHECK(json_at(got.body, "/weather/temperature_c") == "\"18\"");
}

TEST_CASE("while the provider is down another one is asked, and the first again when it is back") {
  scripted_upstream first;
  scripted_upstream second;
  scripted_upstream geocoder;
  first.next(answer{.status = 502});
  first.always(answer{.body = wttr_answer("21")});
  second.next(answer{.body = open_meteo_answer("18.6")});
  second.next(answer{.status = 503});
  geocoder.next(answer{.body = geocoding_answer()});
  auto service = running_program{"weather-service",
                                 {},
                                 {{"WEATHER_UPSTREAM_URL", first.url()},
                                  {"WEATHER_UPSTREAM_POLICY", "attempts=1"},
                                  {"WEATHER_FALLBACK_URL", second.url()},
                                  {"WEATHER_GEOCODING_URL", geocoder.url()}}};

  const auto instead = get(service.port(), "/api/weather?location=Paris,France");
  CHECK(instead.status == 200);
  CHECK(json_at(instead.body, "/provider") == "\"open-meteo\"");
  CHECK(json_at(instead.body, "/weather/temperature_c") == "\"19\"");
  CHECK(json_at(instead.body, "/location/latitude") == "48.85341");
  CHECK(geocoder.requests().at(0).target == "/v1/search?name=Paris&count=10&language=en&format=json");
  CHECK(second.requests().at(0).target.starts_with("/v1/forecast?latitude=48.85341&longitude=2.3488&current="));

  const auto neither = get(service.port(), "/api/weather");
  CHECK(neither.status == 503);
  CHECK(json_at(neither.body, "/error") == "\"status 502\"");
  CHECK(std::stoi(neither.header("retry-after")) >= 1);
  CHECK(first.requests().size() == 1);

  // Neither is asked while both rest; the provider's own clock has to pass.
  auto back = get(service.port(), "/api/weather?location=Rome,Italy");
  CHECK(back.status == 503);
  while (back.status == 503) {
    std::this_thread::sleep_for(50ms);
    back = get(service.port(), "/api/weather?location=Rome,Italy");
  }
  CHECK(back.status == 200);
  CHECK(json_at(back.body, "/provider") == "\"wttr.in\"");
  CHECK(first.requests().size() == 2);
  CHECK(second.requests().size() == 2);
  CHECK(metric(service.port(), R"(weather_service_provider_requests_total{provider="open-meteo",outcome="ok"})") == 1);
  CHECK(metric(service.port(), R"(weather_service_provider_requests_total{provider="wttr.in",outcome="error"})") == 1);
  CHECK(service.stop() == 0);
}

TEST_CASE("a fallback may be a URL or none, and nothing else") {
  const auto wrong = run_program("weather-service", {"--weather-fallback-url", "nobody"});
  CHECK(wrong.status == 2);
  CHECK(wrong.error.find("--weather-fallback-url is \"nobody\"") != std::string::npos);
  CHECK(wrong.error.find("or none") != std::string::npos);
}

TEST_CASE("over TLS the provider's certificate must be good, for its host, and now") {
  certificate_authority trusted{"Test CA"};
  certificate_authority other{"Other CA"};
  const temporary_directory directory;
  const auto bundle = directory.write("ca.pem", trusted.certificate_pem());

  struct certificate_case {
    std::string name;
    certificate_and_key leaf;
    int status;
  };
  for (const auto& each : {
           certificate_case{"good", trusted.issue({.dns = {"localhost"}}), 200},
           certificate_case{"for another name", trusted.issue({.dns = {"example.org"}}), 503},
           certificate_case{"expired",
                            trusted.issue({.dns = {"localhost"}, .not_before_offset = -48h, .valid_for = 24h}), 503},
           certificate_case{"of an unknown authority", other.issue({.dns = {"localhost"}}), 503},
       }) {
    CAPTURE(each.name);
    scripted_upstream provider{each.leaf};
    provider.always(answer{.body = wttr_answer()});
    auto service = weather_from(provider.url(), {{"SSL_CERT_FILE", bundle.string()}});
    const auto got = get(service.port(), "/api/weather");
    CHECK(got.status == each.status);
    if (each.status != 200) {
      CHECK(json_at(got.body, "/error") == "\"tls\"");
      CHECK(provider.requests().empty());
    }
  }
}

TEST_CASE("a provider that is silent, slow by the byte or not there costs a caller no more than it has") {
  scripted_upstream silent;
  silent.always(silence{});
  scripted_upstream slow;
  slow.always(drip{.body = wttr_answer(), .interval = 50ms});
  const black_hole hole;
  for (const auto& url : {silent.url(), slow.url(), "http://127.0.0.1:" + std::to_string(hole.port())}) {
    CAPTURE(url);
    auto service = weather_from(url);
    const auto got = get(service.port(), "/api/weather", {{"x-envoy-expected-rq-timeout-ms", "400"}});
    CHECK(got.status == 503);
    CHECK(json_at(got.body, "/error") == "\"timeout\"");
    CHECK(service.stop() == 0);
  }
  // The fetch itself was called off with the service, not left behind.
  silent.wait_for_hangups(1);
}

TEST_CASE("a name that cannot be resolved is an answer, not a hang") {
  auto service = weather_from("http://no-such-host.invalid");
  const auto got = get(service.port(), "/api/weather");
  CHECK(got.status == 503);
  CHECK(json_at(got.body, "/error") == "\"dns\"");
}

}  // namespace
}  // namespace cohort::test
