// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/support/http/openapi_document.hpp"
#include "tests/unit/services/dashboard/dashboard_fixture.hpp"

// Tests of the request records of the event feed's aggregates.
namespace cohort {
namespace {

using namespace cohort::test;

std::string requests_of(dashboard_fixture& fixture) { return fixture.uncached_body("/api/requests"); }

TEST_CASE("dashboard requests: the list is empty before the first aggregate of a stream", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  fixture.aggregate();
  CHECK(requests_of(fixture) == R"({"requests":[]})");
}

TEST_CASE("dashboard requests: the record of an aggregate has its calls and their attempts", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.time_service.delay = 40ms;
  fixture.serve_dashboard();
  open_stream stream{fixture};
  const auto received = stream.receive_for(1s);
  CHECK(received.find("event: aggregate\n") < received.find("event: request\n"));
  const auto body = requests_of(fixture);
  const auto at = [&](const std::string& pointer) { return json_at(body, "/requests/0" + pointer).value_or("absent"); };
  CHECK(at("/status") == "\"complete\"");
  CHECK(std::stod(at("/deadline_ms")) == 5000);
  CHECK(at("/trace_id").size() == 34);
  CHECK(at("/calls/0/service") == "\"time_service\"");
  CHECK(at("/calls/0/state") == "\"fresh\"");
  CHECK(std::stod(at("/calls/0/budget_ms")) == 3000);
  CHECK(at("/calls/0/reason") == "absent");
  CHECK(std::stod(at("/calls/0/end_ms")) >= 40);
  CHECK(at("/calls/0/attempts/0/kind") == "\"first\"");
  CHECK(at("/calls/0/attempts/0/outcome") == "\"response\"");
  CHECK(at("/calls/0/attempts/0/status") == "200");
  CHECK(std::stod(at("/calls/0/attempts/0/wait_ms")) >= 40);
  CHECK(std::stod(at("/calls/0/attempts/0/deadline_sent_ms")) > 2900);
  CHECK(at("/calls/1/service") == "\"sysinfo_service\"");
  CHECK(at("/calls/2/service") == "\"weather_service\"");
  // The event has the same data as the response of the route.
  const auto event = received.find("event: request\ndata: ");
  REQUIRE(event != std::string::npos);
  const auto data = event + std::string_view{"event: request\ndata: "}.size();
  const auto json = received.substr(data, received.find("\n\n", data) - data);
  CHECK(json_at(body, "/requests/0") == json);
  // Upstreams receive the trace context.
  CHECK(fixture.sysinfo.field("traceparent").value_or("").find(at("/trace_id").substr(1, 32)) == 3);
}

TEST_CASE("dashboard requests: a part that fails has the reason and the cause of its cancellation",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.weather.delay = 1h;
  fixture.sysinfo.status = http::status::not_found;
  fixture.serve_dashboard();
  open_stream stream{fixture};
  stream.receive_for(5100ms);
  const auto body = requests_of(fixture);
  const auto at = [&](const std::string& pointer) { return json_at(body, "/requests/0" + pointer).value_or("absent"); };
  CHECK(at("/status") == "\"degraded\"");
  // The duration is rounded up to a tick of the timer.
  CHECK(std::stod(at("/duration_ms")) >= 5000);
  CHECK(std::stod(at("/duration_ms")) < 5001);
  CHECK(at("/calls/1/state") == "\"error\"");
  CHECK(at("/calls/1/reason") == "\"status 404\"");
  CHECK(at("/calls/2/state") == "\"timeout\"");
  CHECK(at("/calls/2/reason") == "\"the response timed out\"");
  CHECK(at("/calls/2/attempts/0/outcome") == "\"timeout\"");
  CHECK(at("/calls/2/attempts/0/cancelled_by") == "\"deadline\"");
  CHECK(at("/calls/2/attempts/0/end_ms") == at("/duration_ms"));
  CHECK(std::stod(at("/calls/2/attempts/0/budget_end_ms")) == 0);
  CHECK(at("/calls/2/attempts/0/status") == "absent");
}

TEST_CASE("dashboard requests: the last 60 requests are kept", "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  open_stream stream{fixture};
  stream.receive_for(10ms);
  const auto first = json_at(requests_of(fixture), "/requests/0/trace_id");
  for (int i = 0; i < 61; ++i) stream.receive_for(5s);
  const auto body = requests_of(fixture);
  CHECK(json_at(body, "/requests/59").has_value());
  CHECK_FALSE(json_at(body, "/requests/60").has_value());
  CHECK(json_at(body, "/requests/0/trace_id") != first);
}

TEST_CASE("dashboard requests: a reopened stream contains the requests after its last event ID",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  const auto count = [](const std::string& text) {
    std::size_t found = 0;
    for (auto at = text.find("event: request\n"); at != text.npos; at = text.find("event: request\n", at + 1)) ++found;
    return found;
  };
  std::string id;
  {
    open_stream first{fixture};
    const auto& received = first.receive_for(1s);
    const auto begin = received.rfind("id: ", received.find("event: request\n")) + 4;
    id = received.substr(begin, received.find('\n', begin) - begin);
    CHECK(id.ends_with("-1"));
  }
  {
    open_stream other_stream{fixture};
    other_stream.receive_for(5s);
  }
  open_stream resumed_stream{fixture, "Last-Event-ID: " + id + "\r\n"};
  const auto missed = count(resumed_stream.receive_for(100ms));
  CHECK(missed >= 4);
  // The ID of another process and an invalid ID do not continue the stream.
  for (const auto& unknown : {std::string{"17-1"}, std::string{"-1"}, std::string{"1"},
                              std::string{"-99999999999999999999999"}, id + " x", id + "\r\nLast-Event-ID: " + id}) {
    open_stream fresh{fixture, "Last-Event-ID: " + unknown + "\r\n"};
    CHECK(count(fresh.receive_for(100ms)) <= 1);
  }
}

TEST_CASE("dashboard requests: the route requires the key, as the aggregate does", "[services][dashboard]") {
  dashboard_fixture fixture{"secret"};
  fixture.serve_dashboard();
  CHECK(fixture.response_to(get("/api/requests")).status == 401);
  CHECK(fixture.response_to(get("/api/requests", "X-API-Key: secret\r\n")).status == 200);
}

TEST_CASE("dashboard requests: the response conforms to the OpenAPI document", "[services][openapi]") {
  dashboard_fixture fixture;
  fixture.weather.delay = 1h;
  fixture.sysinfo.status = http::status::service_unavailable;
  fixture.serve_dashboard();
  open_stream stream{fixture};
  stream.receive_for(11s);
  const openapi_document document{fixture.response_to(get("/openapi.json")).body};
  CHECK(document.problems() == std::vector<std::string>{});
  const auto body = requests_of(fixture);
  CHECK(document.violations("get", "/api/requests", 200, "application/json", body) == std::vector<std::string>{});
  // The schema is closed: an object with other members does not conform.
  auto changed = body;
  changed.replace(changed.find("\"kind\""), 6, "\"sort\"");
  CHECK(document.violations("get", "/api/requests", 200, "application/json", changed) != std::vector<std::string>{});
}

}  // namespace
}  // namespace cohort
