// SPDX-License-Identifier: BSL-1.0
// Tests failing upstreams and graceful shutdown.
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <thread>

#include "tests/integration/running_program.hpp"
#include "tests/integration/weather/wttr_samples.hpp"
#include "tests/support/http/scripted_upstream.hpp"
#include "tests/support/net/black_hole.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("resilience: the aggregate is complete, with a state for each part, regardless of service failures",
          "[integration][threads]") {
  scripted_upstream time;
  scripted_upstream sysinfo;
  scripted_upstream weather;
  time.set_default_behavior(canned_response{.body = R"({"service":"time-service"})"});
  sysinfo.set_default_behavior(canned_response{.body = R"({"service":"system-info-service"})"});
  weather.set_default_behavior(canned_response{.body = R"({"service":"weather-service","stale":true})"});
  running_program dashboard{"dashboard-service",
                            {},
                            {{"TIME_SERVICE_URL", time.url()},
                             {"SYSINFO_SERVICE_URL", sysinfo.url()},
                             {"WEATHER_SERVICE_URL", weather.url()}}};
  struct example {
    std::string name;
    behavior step;
    std::string state;
  };
  for (const auto& test_case : {
           example{"responds", canned_response{.body = R"({"service": "time-service",  "n":[1, 2]})"}, "fresh"},
           example{"resets the connection", reset_before_response{}, "error"},
           example{"truncates the body", truncated_body{.body = "{\"service\":1}"}, "error"},
           example{"sends invalid HTTP", raw_bytes{"\x01\x02\x03\r\n"}, "error"},
           example{"sends an array", canned_response{.body = "[1,2]"}, "error"},
           example{"sends invalid JSON", canned_response{.body = "{\"service\":"}, "error"},
           example{"responds 500", canned_response{.status = 500}, "error"},
           example{"responds 429", canned_response{.status = 429}, "shed"},
           example{"responds 504", canned_response{.status = 504}, "timeout"},
           example{"does not respond", no_response{}, "timeout"},
           example{"sends the body slowly", slow_body{.body = std::string(100, ' ') + "{}", .interval = 100ms},
                   "timeout"},
       }) {
    CAPTURE(test_case.name);
    time.set_default_behavior(test_case.step);
    const auto response = get(dashboard.port(), "/api/aggregate", {{"x-envoy-expected-rq-timeout-ms", "500"}});
    CHECK(response.status == 200);
    CHECK(json_at(response.body, "/meta/time_service/state") == "\"" + test_case.state + "\"");
    CHECK(json_at(response.body, "/meta/sysinfo_service/state") == "\"fresh\"");
    CHECK(json_at(response.body, "/meta/weather_service/state") == "\"stale\"");
    if (test_case.state == "fresh") {
      // Unchanged.
      CHECK(response.body.find(R"("time_service":{"service": "time-service",  "n":[1, 2]})") != std::string::npos);
    } else {
      CHECK(json_at(response.body, "/time_service") == R"({"error":"Service temporarily unavailable"})");
    }
  }
  // Calls that time out are cancelled, and the remaining time is sent to the services.
  time.wait_for_disconnects(2);
  const auto remaining_ms = std::stoi(time.requests().back().header("x-envoy-expected-rq-timeout-ms"));
  CHECK(remaining_ms > 0);
  CHECK(remaining_ms <= 500);
}

TEST_CASE(
    "resilience: the time proxy responds with 504 for an unresponsive service, and with 502 for a stopped service",
    "[integration][threads]") {
  scripted_upstream unresponsive_upstream;
  unresponsive_upstream.set_default_behavior(no_response{});
  running_program dashboard{"dashboard-service", {}, {{"TIME_SERVICE_URL", unresponsive_upstream.url()}}};
  const auto timeout = get(dashboard.port(), "/api/time-proxy", {{"x-envoy-expected-rq-timeout-ms", "300"}});
  CHECK(timeout.status == 504);
  CHECK(json_at(timeout.body, "/service") == "\"time-service\"");
  CHECK(json_at(timeout.body, "/timestamp").starts_with("\"Error: "));

  running_program time{"time-service"};
  running_program second{"dashboard-service", {}, {{"TIME_SERVICE_URL", time.url()}}};
  REQUIRE(get(second.port(), "/api/time-proxy").status == 200);
  time.process().signal(SIGKILL);
  time.process().wait_for_exit();
  CHECK(get(second.port(), "/api/time-proxy").status == 502);
  const auto aggregate = get(second.port(), "/api/aggregate");
  CHECK(aggregate.status == 200);
  CHECK(json_at(aggregate.body, "/meta/time_service/state") == "\"error\"");
}

TEST_CASE("resilience: an unreachable weather provider delays the aggregate by the weather timeout at most",
          "[integration][threads]") {
  const black_hole unresponsive_server;
  running_program stack{
      "cohort-stack", {}, {{"WEATHER_UPSTREAM_URL", "http://127.0.0.1:" + std::to_string(unresponsive_server.port())}}};
  const auto response = get(stack.port_of("dashboard-service"), "/api/aggregate");
  CHECK(response.status == 200);
  CHECK(json_at(response.body, "/meta/time_service/state") == "\"fresh\"");
  CHECK(json_at(response.body, "/meta/weather_service/state") == "\"error\"");
  // The weather service responded before the dashboard's timeout.
  CHECK(std::stod(json_at(response.body, "/meta/weather_service/elapsed_ms")) < 5000);
}

TEST_CASE("resilience: a disconnect of the client cancels the upstream calls of its request",
          "[integration][threads]") {
  scripted_upstream time;
  time.set_default_behavior(no_response{});
  running_program dashboard{"dashboard-service", {}, {{"TIME_SERVICE_URL", time.url()}}};
  raw_connection client{dashboard.port()};
  client.send("GET /api/time-proxy HTTP/1.1\r\nHost: x\r\n\r\n");
  time.wait_for_requests(1);
  client.reset();
  time.wait_for_disconnects(1);
  CHECK(get(dashboard.port(), "/health").status == 200);
  CHECK(metric(dashboard.port(), "cohort_server_requests_abandoned_total") == 1);
}

/// Sends requests on eight connections until the server closes them, and calls `stop` after `min_responses` responses.
/// Returns the number of requests without a response, or with a response that does not satisfy `is_valid`.
template <class IsValid, class Stop>
int count_lost_requests(std::uint16_t port, const std::string& target, int min_responses, IsValid is_valid, Stop stop) {
  std::atomic<int> responses{0};
  std::atomic<int> lost{0};
  std::vector<std::jthread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      try {
        raw_connection connection{port};
        for (;;) {
          connection.send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
          const auto response = connection.read_response();
          ++responses;
          if (!is_valid(response)) ++lost;
          if (response.header("connection") == "close") return;
        }
      } catch (const std::exception&) {
        ++lost;
      }
    });
  }
  while (responses < min_responses && lost == 0) std::this_thread::yield();
  stop();
  clients.clear();
  return lost;
}

TEST_CASE("shutdown: no request fails after SIGTERM under load, and the exit status is 0", "[integration][threads]") {
  running_program service{"time-service"};
  const int lost = count_lost_requests(
      service.port(), "/api/time", 500, [](const response& response) { return response.status == 200; },
      [&] { service.process().signal(SIGTERM); });
  CHECK(lost == 0);
  CHECK(service.process().wait_for_exit() == 0);
}

TEST_CASE("shutdown: the services of a process drain in order, so no upstream call is lost", "[integration][threads]") {
  running_program stack{"cohort-stack"};
  const int lost = count_lost_requests(
      stack.port_of("dashboard-service"), "/api/aggregate", 100,
      [](const response& response) { return json_at(response.body, "/meta/time_service/state") == "\"fresh\""; },
      [&] { stack.process().signal(SIGTERM); });
  CHECK(lost == 0);
  CHECK(stack.process().wait_for_exit() == 0);
}

TEST_CASE("shutdown: a draining server completes requests in flight, closes idle connections and is not ready",
          "[integration][threads]") {
  scripted_upstream time;
  time.set_default_behavior(canned_response{.body = R"({"service":"time-service"})", .delay = 700ms});
  running_program dashboard{"dashboard-service", {}, {{"TIME_SERVICE_URL", time.url()}}};
  const auto port = dashboard.port();
  raw_connection slow{port};
  raw_connection idle{port};
  raw_connection probe{port};
  slow.send("GET /api/time-proxy HTTP/1.1\r\nHost: x\r\n\r\n");
  // With an incomplete request, the connection is not idle.
  probe.send("GET /readyz HTTP/1.1\r\nHost: x\r\n");
  time.wait_for_requests(1);
  dashboard.process().signal(SIGTERM);
  dashboard.process().wait_for_line("\"msg\":\"draining\"");
  CHECK(idle.wait_for_close(5s));
  probe.send("\r\n");
  const auto readiness = probe.read_response();
  CHECK(readiness.status == 503);
  CHECK(readiness.header("connection") == "close");
  const auto completed = slow.read_response();
  CHECK(completed.status == 200);
  CHECK(completed.header("connection") == "close");
  CHECK(dashboard.process().wait_for_exit() == 0);
}

TEST_CASE("shutdown: requests in flight are cancelled after the drain timeout", "[integration][threads]") {
  scripted_upstream time;
  time.set_default_behavior(no_response{});
  running_program dashboard{"dashboard-service", {"--drain-seconds", "0"}, {{"TIME_SERVICE_URL", time.url()}}};
  raw_connection pending{dashboard.port()};
  pending.send("GET /api/time-proxy HTTP/1.1\r\nHost: x\r\n\r\n");
  time.wait_for_requests(1);
  CHECK(dashboard.stop() == 0);
  time.wait_for_disconnects(1);
}

}  // namespace
}  // namespace cohort::test
