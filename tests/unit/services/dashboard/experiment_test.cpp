// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/faults/fault_injection.hpp>
#include <cohort/sim/fleet.hpp>
#include "services/weather/app.hpp"
#include "tests/support/http/openapi_document.hpp"
#include "tests/unit/services/dashboard/dashboard_fixture.hpp"

// Tests of experiments with injected faults in a simulated network.
namespace cohort {
namespace {

using namespace cohort::test;
using Catch::Matchers::ContainsSubstring;

service::definition weather_with_faults() {
  auto definition = weather::definition();
  faults::add_fault_injection(definition);
  return definition;
}

service::definition dashboard_with_faults() {
  const auto faults_enabled = std::make_shared<bool>(false);
  auto definition = dashboard::definition_with_experiments(faults_enabled);
  faults::add_fault_injection(definition, faults_enabled);
  return definition;
}

http::router make_responding_router(std::string path) {
  http::router routes;
  routes.get(std::move(path), [](http::request_context&) { return http::json_response("{}"); });
  return routes;
}

/// The stack, with stubs for the time and system information services.
struct experiment_fixture {
  explicit experiment_fixture(std::vector<std::string> weather_flags = {"--weather-sample", "--enable-faults"},
                              std::vector<std::string> dashboard_flags = {"--enable-faults"}) {
    fleet.add_stub_server("time.test", 80, [] { return make_responding_router("/api/time"); });
    fleet.add_stub_server("sysinfo.test", 80, [] { return make_responding_router("/api/sysinfo"); });
    fleet.add_service(weather_with_faults, "weather-service", {}, std::move(weather_flags));
    fleet.add_service(dashboard_with_faults, "dashboard-service",
                      {{"TIME_SERVICE_URL", "http://time.test"},
                       {"SYSINFO_SERVICE_URL", "http://sysinfo.test"},
                       {"WEATHER_SERVICE_URL", "http://weather-service:5003"},
                       {"DASHBOARD_SECRET_KEY", "simulated"}},
                      std::move(dashboard_flags));
  }

  http::client_response send(http::method verb, const std::string& url, std::string body = {},
                             std::vector<std::pair<std::string, std::string>> fields = {}) {
    http::client_request request;
    request.method = verb;
    request.url = parse_url(url);
    if (url.find("dashboard") != std::string::npos) request.host = host;
    request.body = std::move(body);
    request.fields = std::move(fields);
    auto response = fleet.call(std::move(request));
    REQUIRE(response.has_value());
    return *response;
  }
  http::client_response start(std::string settings, std::vector<std::pair<std::string, std::string>> fields = {}) {
    return send(http::method::post, path, std::move(settings), std::move(fields));
  }
  /// Returns a value of the state, or "absent" if there is none.
  std::string state(const std::string& pointer) {
    return json_at(send(http::method::get, path).body, pointer).value_or("absent");
  }
  double number(const std::string& pointer) { return std::stod(state(pointer)); }

  static constexpr auto path = "http://dashboard-service:5000/api/experiment";
  std::string host = "localhost:5000";
  sim::fleet fleet{1};
};

TEST_CASE("experiment: with the deadline, the call times out; without it, the call waits for the injected latency",
          "[services][dashboard][sim]") {
  experiment_fixture fixture;
  CHECK(fixture.state("/state") == "\"idle\"");
  const auto start_response = fixture.start(R"({"latency_ms":3000,"deadline_ms":1000})");
  CHECK(start_response.status_code() == 202);
  fixture.fleet.run_for(500ms);
  CHECK(fixture.state("/state") == "\"running\"");
  CHECK(fixture.state("/measurements/0/parts/time_service/state") == "\"fresh\"");
  CHECK(fixture.state("/measurements/0/parts/weather_service/state") == "absent");
  CHECK(fixture.number("/age_ms") >= 400);
  fixture.fleet.run_for(700ms);
  CHECK(fixture.state("/measurements/0/request/calls/2/state") == "\"timeout\"");
  CHECK(fixture.number("/measurements/0/request/calls/2/end_ms") > 900);
  CHECK(fixture.number("/measurements/0/request/duration_ms") < 1010);
  CHECK(fixture.state("/measurements/1/request") == "absent");
  fixture.fleet.run_for(3s);
  CHECK(fixture.state("/state") == "\"done\"");
  CHECK(fixture.state("/message") == "absent");
  CHECK(fixture.state("/measurements/1/request/calls/2/state") == "\"fresh\"");
  CHECK(fixture.number("/measurements/1/request/duration_ms") >= 3000);
  CHECK(fixture.number("/measurements/1/request/duration_ms") < 3100);
  const auto faults = fixture.send(http::method::get, "http://weather-service:5003/api/faults");
  CHECK(json_at(faults.body, "/active") == "false");
}

TEST_CASE("experiment: an injected error is retried", "[services][dashboard][sim]") {
  experiment_fixture fixture;
  fixture.start(R"({"latency_ms":0,"error_percent":100})");
  fixture.fleet.run_for(3s);
  CHECK(fixture.state("/state") == "\"done\"");
  CHECK(fixture.state("/measurements/0/request/calls/2/state") == "\"error\"");
  CHECK(fixture.state("/measurements/0/request/calls/2/attempts/1/kind") == "\"retry\"");
}

TEST_CASE("experiment: only one experiment runs at a time, and none while another fault is injected",
          "[services][dashboard][sim]") {
  experiment_fixture fixture;
  CHECK(fixture.start("{}").status_code() == 202);
  CHECK(fixture.start("{}").status_code() == 409);
  fixture.fleet.run_for(4s);
  CHECK(fixture.state("/state") == "\"done\"");
  fixture.send(http::method::put, "http://weather-service:5003/api/faults", R"({"latency_ms":20})");
  CHECK(fixture.start("{}").status_code() == 202);
  fixture.fleet.run_for(1s);
  CHECK(fixture.state("/state") == "\"failed\"");
  CHECK_THAT(fixture.state("/message"), ContainsSubstring("A different fault is injected"));
  const auto faults = fixture.send(http::method::get, "http://weather-service:5003/api/faults");
  CHECK(json_at(faults.body, "/latency_ms") == "20");
}

TEST_CASE("experiment: the state reports a weather service without fault injection", "[services][dashboard][sim]") {
  experiment_fixture fixture{{"--weather-sample"}};
  fixture.start("{}");
  fixture.fleet.run_for(1s);
  CHECK(fixture.state("/state") == "\"failed\"");
  CHECK_THAT(fixture.state("/message"), ContainsSubstring("ENABLE_FAULTS"));
}

TEST_CASE("experiment: pages of other origins, other hosts and invalid settings are rejected",
          "[services][dashboard][sim][security]") {
  experiment_fixture fixture;
  CHECK(fixture.start("{}", {{"Origin", "http://evil.test"}}).status_code() == 403);
  CHECK(fixture.start("{}", {{"Sec-Fetch-Site", "same-site"}}).status_code() == 403);
  CHECK(fixture.start(R"({"latency_ms":10001})").status_code() == 400);
  CHECK(fixture.start("nothing").status_code() == 400);
  CHECK(fixture.start("{}", {{"Forwarded", "for=192.0.2.1"}}).status_code() == 404);
  // DNS rebinding: the name resolves to this address, and origin and host agree.
  fixture.host = "evil.test:5000";
  CHECK(fixture.start("{}", {{"Origin", "http://evil.test:5000"}}).status_code() == 404);
  CHECK(fixture.send(http::method::get, fixture.path).status_code() == 404);
  fixture.host = "localhost:5000";
  CHECK(fixture.state("/state") == "\"idle\"");
  CHECK(fixture.start("{}", {{"Origin", "http://localhost:5000"}}).status_code() == 202);
}

TEST_CASE("experiment: without --enable-faults there is no route", "[services][dashboard][sim]") {
  experiment_fixture fixture{{"--weather-sample", "--enable-faults"}, {}};
  CHECK(fixture.send(http::method::get, fixture.path).status_code() == 404);
  CHECK(fixture.start("{}").status_code() == 404);
}

TEST_CASE(
    "experiment: the event stream contains the state of the experiment, and the routes require the key if one is set",
    "[services][dashboard]") {
  dashboard_fixture fixture{"secret"};
  fixture.page.has_experiments = true;
  fixture.serve_dashboard();
  CHECK(fixture.response_to(get("/api/experiment")).status == 401);
  CHECK(fixture.response_to(post("/api/experiment", "{}")).status == 401);
  open_stream stream{fixture, "X-API-Key: secret\r\n"};
  stream.receive_for(100ms);
  CHECK(fixture.response_to(post("/api/experiment", "{}", "X-API-Key: secret\r\n")).status == 202);
  const auto received = stream.receive_for(1s);
  const auto idle_position = received.find(R"(event: experiment)");
  CHECK(received.find(R"("state":"idle")", idle_position) != std::string::npos);
  CHECK(received.find(R"("state":"failed","message":"Fault injection is not enabled)") > idle_position);
  const openapi_document document{fixture.response_to(get("/openapi.json")).body};
  CHECK(document.problems() == std::vector<std::string>{});
  const auto state = fixture.response_to(get("/api/experiment", "X-API-Key: secret\r\n")).body;
  CHECK(document.violations("get", "/api/experiment", 200, "application/json", state) == std::vector<std::string>{});
}

TEST_CASE("experiment: clients that may not start an experiment receive no experiment events",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.page.has_experiments = true;
  fixture.serve_dashboard();
  open_stream stream{fixture};
  const auto received = stream.receive_for(2s);
  CHECK(received.find("event: aggregate") != std::string::npos);
  CHECK(received.find("event: experiment") == std::string::npos);
}

}  // namespace
}  // namespace cohort
