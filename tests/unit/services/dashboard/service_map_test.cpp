// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/services/dashboard/dashboard_fixture.hpp"

// Tests of the event `map`, which reports the calls between the services.
namespace cohort {
namespace {

using namespace cohort::test;

/// A dashboard whose weather service has a route for its providers.
struct map_fixture : dashboard_fixture {
  explicit map_fixture(std::string key = {}) : dashboard_fixture(std::move(key)) {
    providers.body = R"({"service":"weather-service", "providers":[{"name":"wttr.in","requests":2}]})";
    auto routes = scripted_router("/api/weather", weather);
    routes.get("/api/weather/providers", [this](request_context&) {
      ++fetches;
      return respond_as_scripted(&providers);
    });
    add_server("map.test", std::move(routes));
    settings.weather = parse_url("http://map.test");
  }

  scripted_response providers;
  std::size_t fetches = 0;
};

/// Returns the data of the last event `map`.
std::string last_map_event(const std::string& received_text) {
  constexpr std::string_view begin = "event: map\ndata: ";
  const auto found = received_text.rfind(begin);
  if (found == std::string::npos) return {};
  const auto data = found + begin.size();
  return received_text.substr(data, received_text.find("\n\n", data) - data);
}

std::string at(const std::string& map, const std::string& pointer) { return json_at(map, pointer).value_or("absent"); }

TEST_CASE("service map: an event every 2 s has the totals of the calls to each service", "[services][dashboard]") {
  map_fixture fixture;
  fixture.sysinfo.status = http::status::internal_server_error;
  fixture.serve_dashboard();
  open_stream stream{fixture};
  const auto first = last_map_event(stream.receive_for(100ms));
  CHECK(at(first, "/services/sysinfo_service/calls") == "0");
  const auto map = last_map_event(stream.receive_for(4s));
  CHECK(std::stoi(at(map, "/at_ms")) - std::stoi(at(first, "/at_ms")) == 4000);
  // The time service receives calls of three aggregates (at 0, 1.5 and 3 s) and of a poll every second.
  CHECK(at(map, "/services/time_service/calls") == "7");
  CHECK(at(map, "/services/time_service/failures") == "0");
  CHECK(at(map, "/services/time_service/breakers/closed") == "1");
  CHECK(at(map, "/services/time_service/addresses") == "1");
  CHECK(at(map, "/services/sysinfo_service/calls") == "3");
  CHECK(at(map, "/services/sysinfo_service/failures") == "3");
  CHECK(at(map, "/services/weather_service/failures") == "0");
}

TEST_CASE("service map: the map includes the calls of all clients and shows an open breaker", "[services][dashboard]") {
  map_fixture fixture;
  fixture.settings.sysinfo_policy.retry.max_attempts = 1;
  fixture.sysinfo.status = http::status::internal_server_error;
  fixture.serve_dashboard();
  for (int i = 0; i < 40; ++i) fixture.aggregate();
  open_stream stream{fixture};
  const auto map = last_map_event(stream.receive_for(100ms));
  // The count includes the first call for the stream.
  CHECK(at(map, "/services/weather_service/calls") == "41");
  CHECK(at(map, "/services/sysinfo_service/breakers/open") == "1");
  CHECK(at(map, "/services/sysinfo_service/breakers/closed") == "0");
}

TEST_CASE("service map: the providers are fetched for every third event", "[services][dashboard]") {
  map_fixture fixture;
  fixture.serve_dashboard();
  open_stream stream{fixture};
  const auto map = last_map_event(stream.receive_for(100ms));
  CHECK(at(map, "/weather/providers/0/name") == "\"wttr.in\"");
  stream.receive_for(5s);
  CHECK(fixture.fetches == 1);
  stream.receive_for(1s);
  CHECK(fixture.fetches == 2);
}

TEST_CASE("service map: without a response of the weather service the providers are null", "[services][dashboard]") {
  map_fixture fixture;
  SECTION("an error") { fixture.providers.status = http::status::not_found; }
  SECTION("a body that is not a JSON object") { fixture.providers.body = "[1]"; }
  SECTION("a body that is too long") { fixture.providers.body = R"({"a":")" + std::string(5000, 'a') + "\"}"; }
  SECTION("a slow response, which delays the event by at most 500 ms") { fixture.providers.delay = 10s; }
  fixture.serve_dashboard();
  open_stream stream{fixture};
  const auto map = last_map_event(stream.receive_for(510ms));
  CHECK(at(map, "/weather") == "null");
  CHECK(at(map, "/services/time_service/calls") != "absent");
}

TEST_CASE("service map: requests to the weather service contain the API key", "[services][dashboard]") {
  map_fixture fixture{"key"};
  std::optional<std::string> sent;
  http::router routes;
  routes.get("/api/weather/providers", [&](request_context& context) {
    sent = std::string{context.head().find("x-api-key").value_or("none")};
    return http::json_response("{}");
  });
  fixture.add_server("keyed.test", std::move(routes));
  fixture.settings.weather = parse_url("http://keyed.test");
  fixture.serve_dashboard();
  open_stream stream{fixture, "X-API-Key: key\r\n"};
  stream.receive_for(100ms);
  CHECK(sent == "key");
}

}  // namespace
}  // namespace cohort
