// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/dashboard/dashboard_fixture.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr const char* unavailable_part = R"({"error":"Service temporarily unavailable"})";

TEST_CASE("aggregate: the services' bodies are unchanged and each part has its state", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.time_service.body = R"({"odd": [1.10, "\u00e9"],  "z":{}})";
  fixture.serve_dashboard();
  const auto body = fixture.aggregate();
  CHECK(json_at(body, "/dashboard") == "\"aggregator-service\"");
  CHECK(body.find("\"time_service\":" + fixture.time_service.body) != std::string::npos);
  CHECK(body.find("\"sysinfo_service\":" + fixture.sysinfo.body) != std::string::npos);
  CHECK(body.find("\"weather_service\":" + fixture.weather.body) != std::string::npos);
  for (const auto& [part, deadline] : {std::pair{"time", "3000"}, {"sysinfo", "3000"}, {"weather", "5000"}}) {
    const auto meta = "/meta/" + std::string{part} + "_service";
    CHECK(json_at(body, meta + "/state") == "\"fresh\"");
    CHECK(json_at(body, meta + "/deadline_ms") == deadline);
  }
  CHECK(fixture.metric_value("dashboard_service_upstream_requests_total{service=\"time\",outcome=\"fresh\"}") == 1);
  CHECK(fixture.metric_value("dashboard_service_upstream_requests_total{service=\"time\",outcome=\"timeout\"}") == 0);
}

TEST_CASE("aggregate: a part with a byte order mark is accepted, and embedded without the byte order mark",
          "[services][dashboard][case-2.4]") {
  dashboard_fixture fixture;
  fixture.time_service.body = "\xEF\xBB\xBF{\"a\":1}";
  fixture.weather.body = "\xEF\xBB\xBF {\"cached\":true,\"stale\":true}";
  fixture.serve_dashboard();
  const auto body = fixture.aggregate();
  CHECK(body.find("\"time_service\":{\"a\":1}") != std::string::npos);
  CHECK(body.find("\xEF\xBB\xBF") == std::string::npos);
  CHECK(json_at(body, "/meta/time_service/state") == "\"fresh\"");
  CHECK(json_at(body, "/meta/weather_service/state") == "\"stale\"");
}

TEST_CASE("aggregate: the services are called concurrently", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.time_service.delay = 1s;
  fixture.sysinfo.delay = 2s;
  fixture.weather.delay = 2500ms;
  fixture.serve_dashboard();
  const auto start = fixture.time.now();
  const auto body = fixture.aggregate();
  CHECK(fixture.time.now() - start >= 2500ms);
  CHECK(fixture.time.now() - start < 2510ms);
  CHECK(json_at(body, "/meta/sysinfo_service/state") == "\"fresh\"");
  const auto elapsed = std::stod(*json_at(body, "/meta/time_service/elapsed_ms"));
  CHECK(elapsed >= 1000);
  CHECK(elapsed < 1010);
}

TEST_CASE("aggregate: a service's failure affects its own part only", "[services][dashboard]") {
  const auto [status, body, state, has_body] = GENERATE(table<http::status, std::string, std::string, bool>({
      {http::status::ok, R"({"cached":true,"stale":true})", "\"stale\"", true},
      {http::status::ok, R"({"stale":false})", "\"fresh\"", true},
      {http::status::ok, R"({"stale":"yes"})", "\"fresh\"", true},
      {http::status::gateway_timeout, "{}", "\"timeout\"", false},
      {http::status::too_many_requests, "{}", "\"shed\"", false},
      {http::status::service_unavailable, "{}", "\"error\"", false},
      {http::status::unauthorized, "{}", "\"error\"", false},
      {http::status::created, "{}", "\"error\"", false},
      {http::status::found, "{}", "\"error\"", false},
      {http::status::ok, "", "\"error\"", false},
      {http::status::ok, "[]", "\"error\"", false},
      {http::status::ok, "null", "\"error\"", false},
      {http::status::ok, R"({"cut":)", "\"error\"", false},
      {http::status::ok, R"({} , "injected": {})", "\"error\"", false},
      {http::status::ok, "<html>", "\"error\"", false},
      {http::status::ok, "{\"a\":\"\xff\"}", "\"error\"", false},
  }));
  CAPTURE(body);
  dashboard_fixture fixture;
  fixture.weather.status = status;
  fixture.weather.body = body;
  fixture.serve_dashboard();
  const auto aggregate = fixture.aggregate();
  CHECK(json_at(aggregate, "/meta/weather_service/state") == state);
  CHECK(aggregate.find("\"weather_service\":" + (has_body ? body : std::string{unavailable_part})) !=
        std::string::npos);
  CHECK(json_at(aggregate, "/meta/time_service/state") == "\"fresh\"");
  CHECK(json_at(aggregate, "/time_service/timestamp") == "\"now\"");
}

TEST_CASE("aggregate: the response is sent within five seconds regardless of service failures",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  const bool is_weather = GENERATE(true, false);
  const auto* const host = GENERATE("black-hole.test", "closed.test", "unknown.test", "slow");
  CAPTURE(host, is_weather);
  fixture.add_black_hole("black-hole.test");
  fixture.add_closed_port("closed.test");
  if (std::string_view{host} == "slow") {
    (is_weather ? fixture.weather : fixture.sysinfo).delay = 1h;
  } else {
    (is_weather ? fixture.settings.weather : fixture.settings.sysinfo) = parse_url("http://" + std::string{host});
  }
  fixture.serve_dashboard();
  const auto start = fixture.time.now();
  const auto body = fixture.aggregate();
  CHECK(fixture.time.now() - start < 5010ms);
  const std::string part = is_weather ? "weather_service" : "sysinfo_service";
  const bool is_timeout = host == std::string_view{"black-hole.test"} || host == std::string_view{"slow"};
  CHECK(json_at(body, "/meta/" + part + "/state") == (is_timeout ? "\"timeout\"" : "\"error\""));
  CHECK(json_at(body, "/" + part) == unavailable_part);
  CHECK(json_at(body, "/time_service/timestamp") == "\"now\"");
  if (is_timeout && !is_weather) CHECK(fixture.time.now() - start < 3010ms);
}

TEST_CASE("aggregate: the response is complete if all services are unreachable", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.add_black_hole("black-hole.test");
  fixture.settings = {parse_url("http://black-hole.test"), parse_url("http://black-hole.test"),
                      parse_url("http://black-hole.test")};
  fixture.serve_dashboard();
  const auto start = fixture.time.now();
  const auto body = fixture.aggregate();
  CHECK(fixture.time.now() - start < 5010ms);
  for (const auto* part : {"time", "sysinfo", "weather"}) {
    CHECK(json_at(body, "/meta/" + std::string{part} + "_service/state") == "\"timeout\"");
  }
}

TEST_CASE("aggregate: the deadline, the request ID and the API key are sent to each service", "[services][dashboard]") {
  dashboard_fixture fixture{"secret"};
  fixture.serve_dashboard();
  fixture.aggregate("X-API-Key: secret\r\nX-Request-Id: call-7\r\nCookie: a=b\r\n");
  for (const auto* upstream : {&fixture.time_service, &fixture.sysinfo, &fixture.weather}) {
    CHECK(upstream->field("X-API-Key") == "secret");
    CHECK(upstream->field("X-Request-Id") == "call-7");
    CHECK_FALSE(upstream->field("Cookie").has_value());
  }
  CHECK(fixture.time_service.field("x-envoy-expected-rq-timeout-ms") == "3000");
  CHECK(fixture.sysinfo.field("x-envoy-expected-rq-timeout-ms") == "3000");
  CHECK(fixture.weather.field("x-envoy-expected-rq-timeout-ms") == "5000");
}

TEST_CASE("aggregate: without a configured API key, none is sent", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  fixture.aggregate();
  CHECK_FALSE(fixture.time_service.field("X-API-Key").has_value());
}

TEST_CASE("aggregate: the caller's deadline, less a reserve, applies to the services", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.weather.delay = 3s;
  fixture.serve_dashboard();
  const auto start = fixture.time.now();
  const auto body = fixture.aggregate("x-envoy-expected-rq-timeout-ms: 1000\r\n");
  CHECK(fixture.time.now() - start < 1s);
  CHECK(json_at(body, "/meta/weather_service/state") == "\"timeout\"");
  CHECK(json_at(body, "/meta/time_service/state") == "\"fresh\"");
  CHECK(fixture.time_service.field("x-envoy-expected-rq-timeout-ms") <= "980");
  CHECK(json_at(body, "/meta/weather_service/deadline_ms") == "980");
}

TEST_CASE("time proxy: the response is the time service's body or an error", "[services][dashboard]") {
  const auto [service_status, delay, status, text] = GENERATE(table<http::status, duration, int, std::string>({
      {http::status::ok, 0s, 200, "now"},
      {http::status::ok, 1900ms, 200, "now"},
      {http::status::ok, 1h, 504, "Error: the time service timed out"},
      {http::status::gateway_timeout, 0s, 504, "Error: the time service timed out"},
      {http::status::internal_server_error, 0s, 502, "Error: the time service is unavailable"},
      {http::status::too_many_requests, 0s, 502, "Error: the time service is unavailable"},
  }));
  dashboard_fixture fixture;
  fixture.time_service.status = service_status;
  fixture.time_service.delay = delay;
  fixture.serve_dashboard();
  const auto start = fixture.time.now();
  const auto response = fixture.response_to(get("/api/time-proxy"));
  CHECK(fixture.time.now() - start < 2010ms);
  CHECK(response.status == status);
  CHECK(response.header("Content-Type") == "application/json");
  CHECK(response.body == R"({"service":"time-service","timestamp":")" + text + "\"}");
  // The deadline of the last attempt, which can be a retry.
  const auto timeout = std::stoi(fixture.time_service.field("x-envoy-expected-rq-timeout-ms").value());
  CHECK(timeout <= 2000);
  CHECK(timeout > 1700);
}

TEST_CASE("time proxy: the response is 502 if the time service is unreachable", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.add_closed_port("closed.test");
  fixture.settings.time = parse_url("http://closed.test");
  fixture.serve_dashboard();
  CHECK(fixture.response_to(get("/api/time-proxy")).status == 502);
}

}  // namespace
}  // namespace cohort
