// SPDX-License-Identifier: BSL-1.0
// Tests the debug routes of the real programs.
#include <catch2/catch_test_macros.hpp>

#include <array>

#include "tests/integration/running_program.hpp"

namespace cohort::test {
namespace {

constexpr std::array<const char*, 7> routes{"/debug",       "/debug/requests", "/debug/tasks",    "/debug/upstreams",
                                            "/debug/loops", "/debug/config",   "/debug/log-level"};

TEST_CASE("debug: every service serves debug routes on a loopback address, for clients on the same host",
          "[integration][threads]") {
  running_program stack{"cohort-stack", {"--threads", "2"}};
  for (const auto* service : {"time-service", "system-info-service", "weather-service", "dashboard-service"}) {
    CAPTURE(service);
    const auto port = stack.port_of(service);
    for (const auto* route : routes) {
      CAPTURE(route);
      CHECK(get(port, route).status == 200);
      CHECK(get(port, route, {{"Origin", "http://evil.test"}}).status == 403);
      CHECK(get(port, route, {{"X-Forwarded-For", "192.0.2.1"}}).status == 404);
    }
    const auto loops = get(port, "/debug/loops").body;
    CHECK(json_at(loops, "/loops/0/responding") == "true");
    CHECK(json_at(loops, "/loops/1/responding") == "true");
  }
  // Checks the record of an aggregate's calls, which is on one of the loops.
  const auto dashboard = stack.port_of("dashboard-service");
  CHECK(get(dashboard, "/api/aggregate").status == 200);
  const auto requests = get(dashboard, "/debug/requests").body;
  CHECK(requests.find(R"("route":"/api/aggregate")") != std::string::npos);
  CHECK(requests.find(R"("upstream":"time")") != std::string::npos);
  const auto upstreams = get(dashboard, "/debug/upstreams").body;
  CHECK(upstreams.find(R"("name":"sysinfo")") != std::string::npos);
  CHECK(stack.stop() == 0);
}

TEST_CASE("debug: a configured API key is required, and responses contain no secret", "[integration][threads]") {
  running_program stack{"cohort-stack",
                        {"--weather-service-url", "http://127.0.0.1:1"},
                        {{"API_KEY", "s3cret-key-of-16-characters"}, {"DASHBOARD_SECRET_KEY", "signing-s3cret"}}};
  const auto port = stack.port_of("dashboard-service");
  for (const auto* route : routes) {
    CAPTURE(route);
    CHECK(get(port, route).status == 401);
    const auto shown = get(port, route, {{"X-API-Key", "s3cret-key-of-16-characters"}});
    CHECK(shown.status == 200);
    for (const auto* secret : {"s3cret-key", "signing-s3cret"}) {
      CHECK(shown.body.find(secret) == std::string::npos);
    }
  }
  const auto config = get(port, "/debug/config", {{"X-API-Key", "s3cret-key-of-16-characters"}}).body;
  CHECK(config.find(R"~("variable":"API_KEY","value":"(secret)","source":"environment")~") != std::string::npos);
  CHECK(config.find(R"("flag":"--weather-service-url")") != std::string::npos);
}

TEST_CASE("debug: a service on another address without an API key has no debug routes", "[integration][threads]") {
  running_program service{"time-service", {"--host", "0.0.0.0"}};
  for (const auto* route : routes) CHECK(get(service.port(), route).status == 404);
}

TEST_CASE("debug: the log level changes at run time", "[integration][threads]") {
  running_program service{"time-service", {"--log-level", "info"}};
  const auto port = service.port();
  const auto changed = request(port, "PUT", "/debug/log-level", {}, R"({"level":"error"})");
  CHECK(changed.status == 200);
  CHECK(get(port, "/debug/log-level").body == R"({"level":"error"})");
  CHECK(get(port, "/api/time").status == 200);
  CHECK(request(port, "PUT", "/debug/log-level", {{"Origin", "http://evil.test"}}, R"({"level":"info"})").status ==
        403);
  CHECK(request(port, "PUT", "/debug/log-level", {}, R"({"level":"loud"})").status / 100 == 4);
  CHECK(service.stop() == 0);
  const auto log = service.process().error_output();
  CHECK(log.find("log level changed") != std::string::npos);
  CHECK(log.find("/api/time") == std::string::npos);
}

}  // namespace
}  // namespace cohort::test
