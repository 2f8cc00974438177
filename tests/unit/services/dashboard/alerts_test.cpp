// The routes of `/api/alerts`.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/core/telemetry/captured_log.hpp"
#include "tests/unit/services/dashboard/alert_bodies.hpp"
#include "tests/unit/services/dashboard/dashboard_stage.hpp"

namespace cohort {
namespace {

using namespace cohort::test;

constexpr const char* json_type = "Content-Type: application/json\r\n";

std::string tell(const std::string& body, const std::string& more = {}) {
  return post("/api/alerts", body, json_type + more);
}

TEST_CASE("What Alertmanager posts is what is asked for, with the loop's times") {
  dashboard_stage stage;
  stage.serve_dashboard();
  const auto told = stage.answer_to(tell(webhook_of({{}, watchdog()})));
  CHECK(told.status == 200);
  CHECK(told.body == R"({"firing":2,"resolved":0,"dropped":0,"forgotten":0,"shortened":0})");
  stage.time.run_for(10s);
  const auto shown = stage.answer_to(get("/api/alerts"));
  CHECK(shown.status == 200);
  CHECK(shown.header("Content-Type") == "application/json");
  CHECK(shown.header("Cache-Control") == "no-store");
  CHECK(json_at(shown.body, "/monitoring") == R"({"state":"ok","last_heard_seconds":10})");
  CHECK(json_at(shown.body, "/firing/0/name") == "\"ServiceDown\"");
  CHECK(json_at(shown.body, "/firing/0/for_seconds") == "130");
  CHECK_FALSE(json_at(shown.body, "/firing/1").has_value());
}

TEST_CASE("A step of the calendar makes nothing stale and nobody silent") {
  dashboard_stage stage;
  stage.serve_dashboard();
  stage.answer_to(tell(webhook_of({{}, watchdog()})));
  stage.time.step_wall_clock(24h);
  const auto shown = stage.answer_to(get("/api/alerts")).body;
  CHECK(json_at(shown, "/monitoring/state") == "\"ok\"");
  CHECK(json_at(shown, "/firing/0/stale") == "false");
  CHECK(json_at(shown, "/firing/0/for_seconds") == "86520");
}

TEST_CASE("What is no webhook is refused with the reason, and changes nothing") {
  dashboard_stage stage;
  stage.serve_dashboard();
  stage.answer_to(tell(webhook_of({{}})));
  const auto before = stage.answer_to(get("/api/alerts")).body;
  const auto [body, why] = GENERATE(table<std::string, std::string>({
      {"", "it is no JSON"},
      {"{", "it is no JSON"},
      {"[]", "version is missing or no text"},
      {webhook_of({{.fingerprint = "other"}, {.starts_at = "soon"}}),
       "alerts/1/startsAt is no time as RFC 3339 has it"},
  }));
  const auto refused = stage.answer_to(tell(body));
  CHECK(refused.status == 400);
  CHECK(json_at(refused.body, "/error") == "\"Bad Request\"");
  CHECK(json_at(refused.body, "/message") == "\"No webhook of Alertmanager's: " + why + "\"");
  CHECK(stage.answer_to(get("/api/alerts")).body == before);
}

TEST_CASE("Only JSON is taken: what a form of another site can post is not") {
  dashboard_stage stage;
  stage.serve_dashboard();
  const auto [type, status] = GENERATE(table<std::string, int>({
      {"Content-Type: application/json\r\n", 200},
      {"Content-Type: Application/JSON; charset=utf-8\r\n", 200},
      {"Content-Type: text/plain\r\n", 415},
      {"Content-Type: text/plain; application/json\r\n", 415},
      {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
      {"Content-Type: application/jsonp\r\n", 415},
      {"", 415},
  }));
  CAPTURE(type);
  CHECK(stage.answer_to(post("/api/alerts", webhook_of({{}}), type)).status == status);
  CHECK(json_at(stage.answer_to(get("/api/alerts")).body, "/firing/0").has_value() == (status == 200));
}

TEST_CASE("The key opens both ways, as a bearer token too; the session of a browser opens only for reading") {
  dashboard_stage stage{"key"};
  stage.serve_dashboard();
  const auto signed_in = stage.answer_to(post("/session", "", "X-API-Key: key\r\n"));
  REQUIRE(signed_in.header("Set-Cookie").has_value());
  const auto cookie = signed_in.header("Set-Cookie")->substr(0, signed_in.header("Set-Cookie")->find(';'));
  const auto [lines, may_read, may_tell] = GENERATE_COPY(table<std::string, int, int>({
      {"", 401, 401},
      {"X-API-Key: key\r\n", 200, 200},
      {"Authorization: Bearer key\r\n", 200, 200},
      {"Authorization: Bearer wrong\r\n", 401, 401},
      {"Cookie: " + cookie + "\r\n", 200, 401},
      {"Cookie: " + cookie + "\r\nAuthorization: Bearer key\r\n", 200, 200},
  }));
  CAPTURE(lines);
  CHECK(stage.answer_to(get("/api/alerts", lines)).status == may_read);
  CHECK(stage.answer_to(tell(webhook_of({{}}), lines)).status == may_tell);
  const auto shown = stage.answer_to(get("/api/alerts", "X-API-Key: key\r\n"));
  CHECK(json_at(shown.body, "/firing/0").has_value() == (may_tell == 200));
}

TEST_CASE("A refusal of the session is counted like any other") {
  dashboard_stage stage{"key"};
  stage.serve_dashboard();
  const auto signed_in = stage.answer_to(post("/session", "", "X-API-Key: key\r\n"));
  stage.answer_to(tell(webhook_of({{}}), "Cookie: " + *signed_in.header("Set-Cookie") + "\r\n"));
  CHECK(stage.series(R"(service_auth_failures_total{endpoint="/api/alerts",reason="missing"})") == 1);
}

TEST_CASE("What does not fit is told in the answer and in the log") {
  captured_log written;
  {
    dashboard_stage stage;
    stage.log = telemetry::logger{written.sink(), "dashboard", telemetry::log_level::info, telemetry::log_format::json};
    stage.serve_dashboard();
    stage.answer_to(tell(webhook_of({{}})));
    const auto shortened = stage.answer_to(tell(webhook_of({{.description = std::string(5000, 'x')}})));
    CHECK(json_at(shortened.body, "/shortened") == "1");
    stage.answer_to(tell(webhook_of({{}}, 3)));
    stage.answer_to(tell("{}"));
  }
  const auto lines = written.close();
  REQUIRE(lines.size() == 3);
  CHECK(json_at(lines[0], "/level") == "\"info\"");
  CHECK(json_at(lines[0], "/shortened") == "1");
  CHECK(json_at(lines[1], "/level") == "\"error\"");
  CHECK(json_at(lines[1], "/truncated") == "3");
  CHECK(json_at(lines[1], "/dropped") == "0");
  CHECK(json_at(lines[2], "/level") == "\"warn\"");
  CHECK(json_at(lines[2], "/what") == "\"version is missing or no text\"");
}

TEST_CASE("Other methods are told which there are") {
  dashboard_stage stage;
  stage.serve_dashboard();
  const auto refused = stage.answer_to("PUT /api/alerts HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  CHECK(refused.status == 405);
  CHECK(refused.header("Allow") == "GET, HEAD, POST");
}

}  // namespace
}  // namespace cohort
