// What the dashboard makes of ill upstreams, and what a server owes its clients when it is told to end.
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <thread>

#include "tests/integration/running_program.hpp"
#include "tests/integration/wttr_samples.hpp"
#include "tests/support/black_hole.hpp"
#include "tests/support/scripted_upstream.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the aggregate is always there, each part with its state, whatever the upstreams do") {
  scripted_upstream time;
  scripted_upstream sysinfo;
  scripted_upstream weather;
  time.always(answer{.body = R"({"service":"time-service"})"});
  sysinfo.always(answer{.body = R"({"service":"system-info-service"})"});
  weather.always(answer{.body = R"({"service":"weather-service","stale":true})"});
  running_program dashboard{"dashboard-service",
                            {},
                            {{"TIME_SERVICE_URL", time.url()},
                             {"SYSINFO_SERVICE_URL", sysinfo.url()},
                             {"WEATHER_SERVICE_URL", weather.url()}}};
  struct mood {
    std::string name;
    behaviour does;
    std::string state;
  };
  for (const auto& each : {
           mood{"answers", answer{.body = R"({"service": "time-service",  "n":[1, 2]})"}, "fresh"},
           mood{"resets", reset_before_answer{}, "error"},
           mood{"sends half", half_body{.body = "{\"service\":1}"}, "error"},
           mood{"sends garbage", garbage{"\x01\x02\x03\r\n"}, "error"},
           mood{"sends no object", answer{.body = "[1,2]"}, "error"},
           mood{"sends no JSON", answer{.body = "{\"service\":"}, "error"},
           mood{"fails", answer{.status = 500}, "error"},
           mood{"sheds", answer{.status = 429}, "shed"},
           mood{"had no time", answer{.status = 504}, "timeout"},
           mood{"is silent", silence{}, "timeout"},
           mood{"drips", drip{.body = std::string(100, ' ') + "{}", .interval = 100ms}, "timeout"},
       }) {
    CAPTURE(each.name);
    time.always(each.does);
    const auto got = get(dashboard.port(), "/api/aggregate", {{"x-envoy-expected-rq-timeout-ms", "500"}});
    CHECK(got.status == 200);
    CHECK(json_at(got.body, "/meta/time_service/state") == "\"" + each.state + "\"");
    CHECK(json_at(got.body, "/meta/sysinfo_service/state") == "\"fresh\"");
    CHECK(json_at(got.body, "/meta/weather_service/state") == "\"stale\"");
    if (each.state == "fresh") {
      // Unchanged, to the byte.
      CHECK(got.body.find(R"("time_service":{"service": "time-service",  "n":[1, 2]})") != std::string::npos);
    } else {
      CHECK(json_at(got.body, "/time_service") == R"({"error":"Service temporarily unavailable"})");
    }
  }
  // What was late was called off, and the budget went along.
  time.wait_for_hangups(2);
  const auto budget = std::stoi(time.requests().back().header("x-envoy-expected-rq-timeout-ms"));
  CHECK(budget > 0);
  CHECK(budget <= 500);
}

TEST_CASE("the time proxy answers 504 for a silent time service and 502 for one that is gone") {
  scripted_upstream silent;
  silent.always(silence{});
  running_program dashboard{"dashboard-service", {}, {{"TIME_SERVICE_URL", silent.url()}}};
  const auto late = get(dashboard.port(), "/api/time-proxy", {{"x-envoy-expected-rq-timeout-ms", "300"}});
  CHECK(late.status == 504);
  CHECK(json_at(late.body, "/service") == "\"time-service\"");
  CHECK(json_at(late.body, "/timestamp").starts_with("\"Error: "));

  running_program time{"time-service"};
  running_program second{"dashboard-service", {}, {{"TIME_SERVICE_URL", time.url()}}};
  REQUIRE(get(second.port(), "/api/time-proxy").status == 200);
  time.process().signal(SIGKILL);
  time.process().wait_exit();
  CHECK(get(second.port(), "/api/time-proxy").status == 502);
  const auto all = get(second.port(), "/api/aggregate");
  CHECK(all.status == 200);
  CHECK(json_at(all.body, "/meta/time_service/state") == "\"error\"");
}

TEST_CASE("with the weather's provider black-holed the aggregate comes within its longest deadline") {
  const black_hole hole;
  running_program stack{
      "cohort-stack", {}, {{"WEATHER_UPSTREAM_URL", "http://127.0.0.1:" + std::to_string(hole.port())}}};
  const auto got = get(stack.port_of("dashboard-service"), "/api/aggregate");
  CHECK(got.status == 200);
  CHECK(json_at(got.body, "/meta/time_service/state") == "\"fresh\"");
  CHECK(json_at(got.body, "/meta/weather_service/state") == "\"error\"");
  // The service answered for itself before the dashboard's patience ended.
  CHECK(std::stod(json_at(got.body, "/meta/weather_service/elapsed_ms")) < 5000);
}

TEST_CASE("a client that hangs up has its upstream calls called off") {
  scripted_upstream time;
  time.always(silence{});
  running_program dashboard{"dashboard-service", {}, {{"TIME_SERVICE_URL", time.url()}}};
  raw_connection impatient{dashboard.port()};
  impatient.send("GET /api/time-proxy HTTP/1.1\r\nHost: x\r\n\r\n");
  time.wait_for_requests(1);
  impatient.reset();
  time.wait_for_hangups(1);
  CHECK(get(dashboard.port(), "/health").status == 200);
  CHECK(metric(dashboard.port(), "cohort_server_requests_abandoned_total") == 1);
}

/// Eight clients, each with one request after the other on its connection, until they are told `close`.
/// `stop` is called once `enough` answers have come. How many requests were lost: unanswered, or not as `is_good` says.
template <class IsGood, class Stop>
int requests_lost(std::uint16_t port, const std::string& target, int enough, IsGood is_good, Stop stop) {
  std::atomic<int> answered{0};
  std::atomic<int> lost{0};
  std::vector<std::jthread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      try {
        raw_connection connection{port};
        for (;;) {
          connection.send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
          const auto got = connection.read_response();
          ++answered;
          if (!is_good(got)) ++lost;
          if (got.header("connection") == "close") return;
        }
      } catch (const std::exception&) {
        ++lost;
      }
    });
  }
  while (answered < enough && lost == 0) std::this_thread::yield();
  stop();
  clients.clear();
  return lost;
}

TEST_CASE("SIGTERM under load loses no request in flight, and ends with status 0") {
  running_program service{"time-service"};
  const int lost = requests_lost(
      service.port(), "/api/time", 500, [](const response& got) { return got.status == 200; },
      [&] { service.process().signal(SIGTERM); });
  CHECK(lost == 0);
  CHECK(service.process().wait_exit() == 0);
}

TEST_CASE("all services of one process drain in their order, so that no part is lost on the way") {
  running_program stack{"cohort-stack"};
  const int lost = requests_lost(
      stack.port_of("dashboard-service"), "/api/aggregate", 100,
      [](const response& got) { return json_at(got.body, "/meta/time_service/state") == "\"fresh\""; },
      [&] { stack.process().signal(SIGTERM); });
  CHECK(lost == 0);
  CHECK(stack.process().wait_exit() == 0);
}

TEST_CASE("while it drains a server finishes what is slow, refuses what is new, and is not ready") {
  scripted_upstream time;
  time.always(answer{.body = R"({"service":"time-service"})", .delay = 700ms});
  running_program dashboard{"dashboard-service", {}, {{"TIME_SERVICE_URL", time.url()}}};
  const auto port = dashboard.port();
  raw_connection slow{port};
  raw_connection idle{port};
  raw_connection probe{port};
  slow.send("GET /api/time-proxy HTTP/1.1\r\nHost: x\r\n\r\n");
  // Half a request has been begun, so its connection is not idle.
  probe.send("GET /readyz HTTP/1.1\r\nHost: x\r\n");
  time.wait_for_requests(1);
  dashboard.process().signal(SIGTERM);
  dashboard.process().wait_for_line("\"msg\":\"draining\"");
  CHECK(idle.at_eof(5s));
  probe.send("\r\n");
  const auto readiness = probe.read_response();
  CHECK(readiness.status == 503);
  CHECK(readiness.header("connection") == "close");
  const auto finished = slow.read_response();
  CHECK(finished.status == 200);
  CHECK(finished.header("connection") == "close");
  CHECK(dashboard.process().wait_exit() == 0);
}

TEST_CASE("what does not end by itself is ended when the drain's time is over") {
  scripted_upstream time;
  time.always(silence{});
  running_program dashboard{"dashboard-service", {"--drain-seconds", "0"}, {{"TIME_SERVICE_URL", time.url()}}};
  raw_connection stuck{dashboard.port()};
  stuck.send("GET /api/time-proxy HTTP/1.1\r\nHost: x\r\n\r\n");
  time.wait_for_requests(1);
  CHECK(dashboard.stop() == 0);
  time.wait_for_hangups(1);
}

}  // namespace
}  // namespace cohort::test
