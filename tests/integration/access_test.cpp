// Keys, sessions, rate limits, and what people get who write settings wrong.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/running_program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

TEST_CASE("with API_KEY every /api route of every service wants it, and nothing else does") {
  running_program stack{"cohort-stack", {}, {{"API_KEY", "s3cret"}, {"DASHBOARD_SECRET_KEY", "signing"}}};
  const auto dashboard = stack.port_of("dashboard-service");
  for (const std::string service : {"time-service", "system-info-service", "weather-service", "dashboard-service"}) {
    CAPTURE(service);
    const auto port = stack.port_of(service);
    const std::string route = service == "time-service"          ? "/api/time"
                              : service == "system-info-service" ? "/api/sysinfo"
                              : service == "weather-service"     ? "/api/weather"
                                                                 : "/api/aggregate";
    const auto without = get(port, route);
    CHECK(without.status == 401);
    CHECK_FALSE(without.header("www-authenticate").empty());
    CHECK(without.body == R"({"error":"Unauthorized","message":"API key required"})");
    CHECK(get(port, route, {{"X-API-Key", "wrong"}}).body == R"({"error":"Unauthorized","message":"Invalid API key"})");
    CHECK(get(port, route, {{"X-API-Key", "s3cret"}}).status != 401);
    CHECK(get(port, "/api/no-such-route").status == 401);
    for (const auto* open : {"/health", "/livez", "/readyz", "/metrics"}) CHECK(get(port, open).status == 200);
  }
  CHECK(get(dashboard, "/").status == 200);
  CHECK(get(dashboard, "/%61pi/aggregate").status == 401);
  CHECK(metric(stack.port_of("time-service"),
               R"(time_service_auth_failures_total{endpoint="/api/time",reason="missing"})") == 1);
  // The dashboard sends the key on.
  const auto all = get(dashboard, "/api/aggregate", {{"X-API-Key", "s3cret"}});
  CHECK(json_at(all.body, "/meta/time_service/state") == "\"fresh\"");
}

TEST_CASE("the page's session is a signed HttpOnly cookie that opens the API and cannot be made up") {
  running_program stack{"cohort-stack", {}, {{"API_KEY", "s3cret"}, {"DASHBOARD_SECRET_KEY", "signing"}}};
  const auto port = stack.port_of("dashboard-service");
  CHECK(request(port, "POST", "/session", {{"X-API-Key", "wrong"}}).status == 401);
  const auto signed_in = request(port, "POST", "/session", {{"X-API-Key", "s3cret"}});
  REQUIRE(signed_in.status == 204);
  const auto cookie = signed_in.header("set-cookie");
  CHECK(cookie.find("HttpOnly") != std::string::npos);
  CHECK(cookie.find("SameSite=Strict") != std::string::npos);

  const auto pair = cookie.substr(0, cookie.find(';'));
  CHECK(get(port, "/api/aggregate", {{"Cookie", "other=1; " + pair}}).status == 200);
  CHECK(request(port, "POST", "/session", {{"Cookie", pair}}).status == 401);
  auto forged = pair;
  forged[pair.find('=') + 1] = '9';  // another time of expiry
  CHECK(get(port, "/api/aggregate", {{"Cookie", forged}}).status == 401);
  CHECK(get(port, "/api/aggregate", {{"Cookie", "cohort_session="}}).status == 401);
  CHECK(request(port, "DELETE", "/session").header("set-cookie").find("Max-Age=0") != std::string::npos);
}

TEST_CASE("an API key can come from a file") {
  const temporary_directory directory;
  const auto file = directory.write("key", "from-a-file\n");
  running_program service{"time-service", {}, {{"API_KEY_FILE", file.string()}}};
  CHECK(get(service.port(), "/api/time").status == 401);
  CHECK(get(service.port(), "/api/time", {{"X-API-Key", "from-a-file"}}).status == 200);
}

TEST_CASE("without a key the log says that all is open") {
  running_program service{"time-service"};
  CHECK_NOTHROW(service.process().wait_for_line("no API_KEY"));
}

TEST_CASE("above its rate limit a client gets 429 with Retry-After, but probes always pass") {
  running_program service{"time-service", {}, {{"RATE_LIMIT", "3/hour"}}};
  for (int i = 0; i < 3; ++i) CHECK(get(service.port(), "/api/time").status == 200);
  const auto refused = get(service.port(), "/api/time");
  CHECK(refused.status == 429);
  CHECK(std::stoi(refused.header("retry-after")) > 1000);
  CHECK(json_at(refused.body, "/error") == "\"Too Many Requests\"");
  for (int i = 0; i < 5; ++i) CHECK(get(service.port(), "/health").status == 200);
}

TEST_CASE("a wrong setting is one line that names it, and exit status 2") {
  struct wrong {
    std::string program;
    std::vector<std::string> arguments;
    child_process::environment variables;
    std::string says;
  };
  const temporary_directory directory;
  const auto missing = (directory.write("x", "").parent_path() / "missing").string();
  for (const auto& each : {
           wrong{"time-service", {"--port", "70000"}, {}, "--port is \"70000\", but must be a port"},
           wrong{"time-service", {"--host", "localhost"}, {}, "--host is \"localhost\", but must be an IP address"},
           wrong{"time-service", {"--threads", "0"}, {}, "--threads is \"0\""},
           wrong{"time-service", {"--no-such-flag"}, {}, "--no-such-flag"},
           wrong{"time-service", {}, {{"LOG_LEVEL", "loud"}}, "LOG_LEVEL is \"loud\", but must be one of"},
           wrong{"time-service", {}, {{"LOG_FORMAT", "xml"}}, "LOG_FORMAT is \"xml\""},
           wrong{"time-service", {}, {{"TZ", "Nonsense/Zone"}}, "TZ is \"Nonsense/Zone\", but must be a time zone"},
           wrong{"time-service", {}, {{"RATE_LIMIT", "often"}}, "RATE_LIMIT is \"often\", but must be a rate"},
           wrong{"time-service", {}, {{"API_KEY_FILE", missing}}, "API_KEY_FILE names"},
           wrong{"time-service", {}, {{"API_KEY", "two words"}}, "API_KEY is something else, but must be"},
           wrong{"weather-service", {}, {{"WEATHER_UPSTREAM_URL", "ftp://x"}}, "WEATHER_UPSTREAM_URL is \"ftp://x\""},
           wrong{"weather-service", {}, {{"WEATHER_LOCATION", "Haifa"}}, "WEATHER_LOCATION is \"Haifa\""},
           wrong{"weather-service", {}, {{"WEATHER_CACHE_SECONDS", "-1"}}, "WEATHER_CACHE_SECONDS is \"-1\""},
           wrong{"dashboard-service", {}, {{"TIME_SERVICE_URL", "time-service:5001"}}, "TIME_SERVICE_URL is"},
           wrong{"cohort-stack", {"--port", "65534"}, {}, "--port leaves no room"},
       }) {
    CAPTURE(each.says);
    const auto ended = run_program(each.program, each.arguments, each.variables);
    CHECK(ended.status == 2);
    CHECK(ended.output.empty());
    CHECK(ended.error.starts_with(each.program + ": "));
    CHECK(ended.error.find(each.says) != std::string::npos);
    CHECK(std::count(ended.error.begin(), ended.error.end(), '\n') == 1);
  }
}

TEST_CASE("a port that is taken is one line and exit status 2") {
  running_program first{"time-service"};
  const auto ended = run_program("time-service", {"--port", std::to_string(first.port())});
  CHECK(ended.status == 2);
  CHECK(ended.error ==
        "time-service: cannot listen on 127.0.0.1:" + std::to_string(first.port()) + ": Address already in use\n");
}

TEST_CASE("every service explains its flags and variables, and tells its version") {
  for (const std::string name :
       {"time-service", "system-info-service", "weather-service", "dashboard-service", "cohort-stack"}) {
    CAPTURE(name);
    const auto help = run_program(name, {"--help"});
    CHECK(help.status == 0);
    for (const auto* word : {"--host", "--port", "--threads", "--healthcheck", "--drain-seconds", "[API_KEY]",
                             "[API_KEY_FILE]", "[RATE_LIMIT]", "[LOG_LEVEL]", "[LOG_FORMAT]"}) {
      CAPTURE(word);
      CHECK(help.output.find(word) != std::string::npos);
    }
    const auto version = run_program(name, {"--version"});
    CHECK(version.status == 0);
    CHECK(version.output.starts_with(name + " "));
  }
}

TEST_CASE("the flag --healthcheck asks the running service and tells by its exit status") {
  running_program service{"time-service"};
  const auto port = std::to_string(service.port());
  CHECK(run_program("time-service", {"--healthcheck", "--port", port}).status == 0);
  CHECK(run_program("time-service", {"--healthcheck", "--port", port, "--host", "0.0.0.0"}).status == 0);
  REQUIRE(service.stop() == 0);
  const auto gone = run_program("time-service", {"--healthcheck", "--port", port});
  CHECK(gone.status == 1);
  CHECK(gone.error == "unhealthy: the connection was refused\n");
}

}  // namespace
}  // namespace cohort::test
