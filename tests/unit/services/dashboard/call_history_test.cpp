// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "services/dashboard/requests/call_history.hpp"
#include "services/dashboard/service_client.hpp"
#include "tests/support/http/openapi_document.hpp"
#include "tests/unit/services/dashboard/dashboard_fixture.hpp"

// Tests of the calls of the last 15 minutes in the charts of the page.
namespace cohort {
namespace {

using namespace cohort::test;
using dashboard::call_history;
using dashboard::part_state;

constexpr time_point history_start{1h};
constexpr wall_time history_wall_start{std::chrono::days{20'000}};  // a multiple of 15 s

struct history_fixture {
  call_history history{history_start, history_wall_start, 2};

  void add(duration at, part_state state = part_state::fresh, duration elapsed = 10ms,
           dashboard::reported_values values = {}, std::size_t loop = 0) {
    history.add(loop, 2, {state, elapsed, values}, history_start + at);
  }
  /// Returns the value of a column of the weather service, oldest first, or "absent" without one.
  std::string weather(duration at, std::size_t column, const std::string& member) const {
    const auto pointer = "/services/weather_service/" + std::to_string(column) + "/" + member;
    return json_at(history.body(history_start + at), pointer).value_or("absent");
  }
  std::size_t columns(duration at) const {
    std::size_t count = 0;
    while (weather(at, count, "calls") != "absent") ++count;
    return count;
  }
};

TEST_CASE("call history: calls are counted in columns of 15 s, and a period without calls has no column",
          "[services][dashboard]") {
  history_fixture fixture;
  CHECK(fixture.columns(0s) == 0);
  fixture.add(1s);
  fixture.add(14'999ms, part_state::timeout, 5s);
  fixture.add(45s, part_state::open, 0s);
  fixture.add(46s, part_state::shed, 0s);
  CHECK(fixture.columns(46s) == 2);
  const auto first_column_time =
      std::chrono::duration_cast<std::chrono::milliseconds>(history_wall_start.time_since_epoch());
  CHECK(fixture.weather(46s, 0, "at_ms") == std::to_string(first_column_time.count()));
  CHECK(fixture.weather(46s, 0, "calls") == "2");
  CHECK(fixture.weather(46s, 0, "failed") == "1");
  CHECK(fixture.weather(46s, 0, "open") == "0");
  CHECK(std::abs(std::stod(fixture.weather(46s, 0, "latencies/0/0")) - 10) < 1);
  CHECK(std::abs(std::stod(fixture.weather(46s, 0, "latencies/1/0")) - 5000) < 500);
  CHECK(fixture.weather(46s, 0, "latencies/1/1") == "1");
  CHECK(fixture.weather(46s, 1, "at_ms") == std::to_string(first_column_time.count() + 45'000));
  CHECK(fixture.weather(46s, 1, "failed") == "2");
  CHECK(fixture.weather(46s, 1, "open") == "1");
  CHECK(fixture.weather(46s, 1, "latencies") == "[]");
  CHECK(json_at(fixture.history.body(history_start), "/services/time_service") == "[]");
}

TEST_CASE("call history: columns expire after 15 minutes", "[services][dashboard]") {
  history_fixture fixture;
  for (auto at = 0s; at < 1h; at += 5s) fixture.add(at);
  CHECK(fixture.columns(1h - 1s) == 60);
  // The time is the start of the history, so no column is added to the stored columns.
  CHECK(fixture.columns(0s) == 60);
  CHECK(fixture.weather(1h - 1s, 59, "calls") == "3");
  // Columns expire even without later calls.
  CHECK(fixture.columns(1h + 5min) == 39);
  CHECK(fixture.columns(2h) == 0);
  fixture.add(2h);
  CHECK(fixture.columns(2h) == 1);
}

TEST_CASE("call history: the size does not depend on the number of calls", "[services][dashboard]") {
  history_fixture fixture;
  for (int i = 0; i < 100'000; ++i) fixture.add(0s, part_state::fresh, i * 1ms);
  fixture.add(0s, part_state::fresh, -1ms);
  fixture.add(0s, part_state::fresh, 100h);
  CHECK(fixture.weather(0s, 0, "calls") == "100002");
  CHECK(fixture.weather(0s, 0, "latencies/72/0") == "absent");
  CHECK(fixture.history.body(history_start).size() < 2500);
}

TEST_CASE("call history: a call on a loop whose clock is behind is counted in an existing column",
          "[services][dashboard]") {
  history_fixture fixture;
  fixture.add(10s);
  fixture.add(15s);
  fixture.add(14'998ms);
  fixture.add(-1h);
  CHECK(fixture.columns(15s) == 2);
  CHECK(fixture.weather(15s, 0, "calls") == "2");
  CHECK(fixture.weather(15s, 1, "calls") == "2");
}

TEST_CASE("call history: the calls of all loops are added", "[services][dashboard]") {
  history_fixture fixture;
  fixture.add(0s, part_state::fresh, 10ms, {.cpu = 1}, 0);
  fixture.add(16s, part_state::open, 0s, {}, 1);
  fixture.add(1s, part_state::timeout, 10ms, {.cpu = 2}, 1);
  CHECK(fixture.columns(16s) == 2);
  CHECK(fixture.weather(16s, 0, "calls") == "1");
  CHECK(fixture.weather(16s, 1, "calls") == "2");
  fixture.add(17s, part_state::fresh, 10ms, {.cpu = 4}, 0);
  fixture.add(18s, part_state::fresh, 10ms, {.cpu = 1}, 1);
  CHECK(fixture.weather(18s, 1, "calls") == "4");
  CHECK(fixture.weather(18s, 1, "failed") == "2");
  CHECK(fixture.weather(18s, 1, "open") == "1");
  CHECK(fixture.weather(18s, 1, "latencies/0/1") == "3");
  CHECK(fixture.weather(18s, 1, "cpu/count") == "3");
}

TEST_CASE("call history: reported values are means, and are absent if no response contains them",
          "[services][dashboard]") {
  history_fixture fixture;
  fixture.add(0s, part_state::fresh, 1ms, {.cpu = 0.5, .memory = 0.25, .cached = 1});
  fixture.add(0s, part_state::stale, 1ms, {.cpu = 1.5, .memory = std::nullopt, .cached = 0});
  fixture.add(0s, part_state::error);
  CHECK(fixture.weather(0s, 0, "cpu") == R"({"count":2,"mean":1.0})");
  CHECK(fixture.weather(0s, 0, "memory") == R"({"count":1,"mean":0.25})");
  CHECK(fixture.weather(0s, 0, "cached/mean") == "0.5");
  fixture.add(15s, part_state::error);
  CHECK(fixture.weather(15s, 1, "cpu") == "absent");
}

TEST_CASE("call history: values in response bodies are used only if they have the documented types",
          "[services][dashboard]") {
  const auto read = [](std::string_view body) {
    simdjson::dom::element root;
    REQUIRE(json::parse_document(body, root));
    return dashboard::read_reported_values(root);
  };
  const auto system = read(R"({"cpu_count":4,"load_average":[2,1,0.5],"memory_percent":53})");
  CHECK(system.cpu == 0.5);
  CHECK(system.memory == 0.53);
  CHECK_FALSE(system.cached);
  CHECK(read(R"({"cached":true})").cached == 1);
  CHECK(read(R"({"cached":false})").cached == 0);
  const auto invalid_reading = read(R"({"cpu_count":0,"load_average":[],"memory_percent":"53","cached":"yes"})");
  CHECK_FALSE((invalid_reading.cpu || invalid_reading.memory || invalid_reading.cached));
  CHECK_FALSE(read(R"({"cpu_count":0,"load_average":[1,1,1]})").cpu);
}

std::string history_of(dashboard_fixture& fixture) { return fixture.uncached_body("/api/history"); }

TEST_CASE("call history: the route returns the calls of all clients, even if no dashboard page is open",
          "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.sysinfo.body = R"({"cpu_count":2,"load_average":[1,1,1],"memory_percent":50})";
  fixture.serve_dashboard();
  CHECK(json_at(history_of(fixture), "/services/weather_service") == "[]");
  fixture.aggregate();
  fixture.weather.status = http::status::not_found;
  fixture.aggregate();
  fixture.response_to(get("/api/time-proxy"));
  const auto body = history_of(fixture);
  CHECK(json_at(body, "/services/time_service/0/calls") == "3");
  CHECK(json_at(body, "/services/sysinfo_service/0/cpu/mean") == "0.5");
  CHECK(json_at(body, "/services/sysinfo_service/0/memory/count") == "2");
  CHECK(json_at(body, "/services/weather_service/0/calls") == "2");
  CHECK(json_at(body, "/services/weather_service/0/failed") == "1");
  CHECK(json_at(body, "/services/weather_service/0/cached/mean") == "0.0");
}

TEST_CASE(
    "call history: an event after each aggregate contains the current column, and the HTML of the page contains "
    "all columns",
    "[services][dashboard]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  fixture.aggregate();
  fixture.time.run_for(2min);
  open_stream stream{fixture};
  const auto text = stream.receive_for(100ms);
  constexpr std::string_view begin = "event: history\ndata: ";
  const auto at = text.find(begin);
  REQUIRE(at != std::string::npos);
  const auto data = text.substr(at + begin.size(), text.find("\n\n", at) - at - begin.size());
  CHECK(json_at(data, "/services/weather_service/0/calls") == "1");
  CHECK_FALSE(json_at(data, "/services/weather_service/1/calls"));
  CHECK(json_at(history_of(fixture), "/services/weather_service/1/calls") == "1");
  const auto page = fixture.response_to(get("/"));
  if (page.status == 200) CHECK(page.body.find(R"(["history",{"now_ms":)") != std::string::npos);
}

TEST_CASE("call history: the route requires the key, and POST is rejected with 405", "[services][dashboard]") {
  dashboard_fixture fixture{"secret"};
  fixture.serve_dashboard();
  CHECK(fixture.response_to(get("/api/history")).status == 401);
  CHECK(fixture.response_to(get("/api/history", "X-API-Key: secret\r\n")).status == 200);
  CHECK(
      fixture.response_to("POST /api/history HTTP/1.1\r\nHost: test\r\nX-API-Key: secret\r\nContent-Length: 0\r\n\r\n")
          .status == 405);
}

TEST_CASE("call history: the response conforms to the OpenAPI document", "[services][openapi]") {
  dashboard_fixture fixture;
  fixture.sysinfo.body = R"({"cpu_count":2,"load_average":[1,1,1],"memory_percent":50})";
  fixture.serve_dashboard();
  fixture.aggregate();
  const openapi_document document{fixture.response_to(get("/openapi.json")).body};
  CHECK(document.problems() == std::vector<std::string>{});
  auto body = history_of(fixture);
  CHECK(document.violations("get", "/api/history", 200, "application/json", body) == std::vector<std::string>{});
  body.replace(body.find("\"memory\""), 8, "\"memori\"");
  CHECK(document.violations("get", "/api/history", 200, "application/json", body) != std::vector<std::string>{});
}

}  // namespace
}  // namespace cohort
