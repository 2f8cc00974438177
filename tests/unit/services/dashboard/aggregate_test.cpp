#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/dashboard/dashboard_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr const char* unavailable = R"({"error":"Service temporarily unavailable"})";

TEST_CASE("The answer has the three bodies unchanged, and says of each how fresh it is") {
  dashboard_stage stage;
  stage.time_service.body = R"({"odd": [1.10, "\u00e9"],  "z":{}})";
  stage.serve_dashboard();
  const auto body = stage.aggregate();
  CHECK(json_at(body, "/dashboard") == "\"aggregator-service\"");
  CHECK(body.find("\"time_service\":" + stage.time_service.body) != std::string::npos);
  CHECK(body.find("\"sysinfo_service\":" + stage.sysinfo.body) != std::string::npos);
  CHECK(body.find("\"weather_service\":" + stage.weather.body) != std::string::npos);
  for (const auto& [part, deadline] : {std::pair{"time", "3000"}, {"sysinfo", "3000"}, {"weather", "5000"}}) {
    const auto meta = "/meta/" + std::string{part} + "_service";
    CHECK(json_at(body, meta + "/state") == "\"fresh\"");
    CHECK(json_at(body, meta + "/deadline_ms") == deadline);
  }
  CHECK(stage.series("dashboard_service_upstream_requests_total{service=\"time\",outcome=\"fresh\"}") == 1);
  CHECK(stage.series("dashboard_service_upstream_requests_total{service=\"time\",outcome=\"timeout\"}") == 0);
}

TEST_CASE("The three are asked at once: the answer takes as long as the slowest") {
  dashboard_stage stage;
  stage.time_service.delay = 1s;
  stage.sysinfo.delay = 2s;
  stage.weather.delay = 2500ms;
  stage.serve_dashboard();
  const auto start = stage.time.now();
  const auto body = stage.aggregate();
  CHECK(stage.time.now() - start >= 2500ms);
  CHECK(stage.time.now() - start < 2510ms);
  CHECK(json_at(body, "/meta/sysinfo_service/state") == "\"fresh\"");
  const auto elapsed = std::stod(*json_at(body, "/meta/time_service/elapsed_ms"));
  CHECK(elapsed >= 1000);
  CHECK(elapsed < 1010);
}

TEST_CASE("What one upstream does shows in its part only") {
  const auto [code, body, state, kept] = GENERATE(table<http::status, std::string, std::string, bool>({
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
  dashboard_stage stage;
  stage.weather.code = code;
  stage.weather.body = body;
  stage.serve_dashboard();
  const auto all = stage.aggregate();
  CHECK(json_at(all, "/meta/weather_service/state") == state);
  CHECK(all.find("\"weather_service\":" + (kept ? body : std::string{unavailable})) != std::string::npos);
  CHECK(json_at(all, "/meta/time_service/state") == "\"fresh\"");
  CHECK(json_at(all, "/time_service/timestamp") == "\"now\"");
}

TEST_CASE("Whatever the upstreams do, the answer comes within five seconds") {
  dashboard_stage stage;
  const auto weather_first = GENERATE(true, false);
  const auto* const bad = GENERATE("hole.test", "closed.test", "unknown.test", "slow");
  CAPTURE(bad, weather_first);
  stage.add_black_hole("hole.test");
  stage.add_closed_port("closed.test");
  if (std::string_view{bad} == "slow") {
    (weather_first ? stage.weather : stage.sysinfo).delay = 1h;
  } else {
    (weather_first ? stage.where.weather : stage.where.sysinfo) = url_of("http://" + std::string{bad});
  }
  stage.serve_dashboard();
  const auto start = stage.time.now();
  const auto body = stage.aggregate();
  CHECK(stage.time.now() - start < 5010ms);
  const std::string part = weather_first ? "weather_service" : "sysinfo_service";
  const bool late = bad == std::string_view{"hole.test"} || bad == std::string_view{"slow"};
  CHECK(json_at(body, "/meta/" + part + "/state") == (late ? "\"timeout\"" : "\"error\""));
  CHECK(json_at(body, "/" + part) == unavailable);
  CHECK(json_at(body, "/time_service/timestamp") == "\"now\"");
  if (late && !weather_first) CHECK(stage.time.now() - start < 3010ms);
}

TEST_CASE("All three in a black hole is still an answer") {
  dashboard_stage stage;
  stage.add_black_hole("hole.test");
  stage.where = {url_of("http://hole.test"), url_of("http://hole.test"), url_of("http://hole.test")};
  stage.serve_dashboard();
  const auto start = stage.time.now();
  const auto body = stage.aggregate();
  CHECK(stage.time.now() - start < 5010ms);
  for (const auto* part : {"time", "sysinfo", "weather"}) {
    CHECK(json_at(body, "/meta/" + std::string{part} + "_service/state") == "\"timeout\"");
  }
}

TEST_CASE("Each upstream is told how long it has, whom the request is for, and the key") {
  dashboard_stage stage{"secret"};
  stage.serve_dashboard();
  stage.aggregate("X-API-Key: secret\r\nX-Request-Id: call-7\r\nCookie: a=b\r\n");
  for (const auto* each : {&stage.time_service, &stage.sysinfo, &stage.weather}) {
    CHECK(each->field("X-API-Key") == "secret");
    CHECK(each->field("X-Request-Id") == "call-7");
    CHECK_FALSE(each->field("Cookie").has_value());
  }
  CHECK(stage.time_service.field("x-envoy-expected-rq-timeout-ms") == "3000");
  CHECK(stage.sysinfo.field("x-envoy-expected-rq-timeout-ms") == "3000");
  CHECK(stage.weather.field("x-envoy-expected-rq-timeout-ms") == "5000");
}

TEST_CASE("Without a key, none is sent") {
  dashboard_stage stage;
  stage.serve_dashboard();
  stage.aggregate();
  CHECK_FALSE(stage.time_service.field("X-API-Key").has_value());
}

TEST_CASE("A caller's own deadline goes down to the upstreams, less what the answer needs") {
  dashboard_stage stage;
  stage.weather.delay = 3s;
  stage.serve_dashboard();
  const auto start = stage.time.now();
  const auto body = stage.aggregate("x-envoy-expected-rq-timeout-ms: 1000\r\n");
  CHECK(stage.time.now() - start < 1s);
  CHECK(json_at(body, "/meta/weather_service/state") == "\"timeout\"");
  CHECK(json_at(body, "/meta/time_service/state") == "\"fresh\"");
  CHECK(stage.time_service.field("x-envoy-expected-rq-timeout-ms") <= "980");
  CHECK(json_at(body, "/meta/weather_service/deadline_ms") == "980");
}

TEST_CASE("The clock's proxy gives the time service's body, or says what was wrong with it") {
  const auto [code, delay, status, text] = GENERATE(table<http::status, duration, int, std::string>({
      {http::status::ok, 0s, 200, "now"},
      {http::status::ok, 1900ms, 200, "now"},
      {http::status::ok, 1h, 504, "Error: the time service did not answer in time"},
      {http::status::gateway_timeout, 0s, 504, "Error: the time service did not answer in time"},
      {http::status::internal_server_error, 0s, 502, "Error: the time service is unavailable"},
      {http::status::too_many_requests, 0s, 502, "Error: the time service is unavailable"},
  }));
  dashboard_stage stage;
  stage.time_service.code = code;
  stage.time_service.delay = delay;
  stage.serve_dashboard();
  const auto start = stage.time.now();
  const auto answer = stage.answer_to(get("/api/time-proxy"));
  CHECK(stage.time.now() - start < 2010ms);
  CHECK(answer.status == status);
  CHECK(answer.header("Content-Type") == "application/json");
  CHECK(answer.body == R"({"service":"time-service","timestamp":")" + text + "\"}");
  // Of the last attempt: some were tried again.
  const auto told = std::stoi(stage.time_service.field("x-envoy-expected-rq-timeout-ms").value());
  CHECK(told <= 2000);
  CHECK(told > 1700);
}

TEST_CASE("A time service that is not there is a bad gateway") {
  dashboard_stage stage;
  stage.add_closed_port("closed.test");
  stage.where.time = url_of("http://closed.test");
  stage.serve_dashboard();
  CHECK(stage.answer_to(get("/api/time-proxy")).status == 502);
}

}  // namespace
}  // namespace cohort
