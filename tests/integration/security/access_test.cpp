// SPDX-License-Identifier: BSL-1.0
// Tests API keys, sessions, rate limits and invalid settings.
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/running_program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace cohort::test {
namespace {

TEST_CASE("access: API_KEY protects all /api routes and no others", "[integration][threads]") {
  running_program stack{"cohort-stack", {}, {{"API_KEY", "s3cret"}, {"DASHBOARD_SECRET_KEY", "signing"}}};
  const auto dashboard = stack.port_of("dashboard-service");
  for (const std::string service : {"time-service", "system-info-service", "weather-service", "dashboard-service"}) {
    CAPTURE(service);
    const auto port = stack.port_of(service);
    const std::string route = service == "time-service"          ? "/api/time"
                              : service == "system-info-service" ? "/api/sysinfo"
                              : service == "weather-service"     ? "/api/weather"
                                                                 : "/api/aggregate";
    const auto unauthorized = get(port, route);
    CHECK(unauthorized.status == 401);
    CHECK_FALSE(unauthorized.header("www-authenticate").empty());
    CHECK(unauthorized.body == R"({"error":"Unauthorized","message":"API key required"})");
    CHECK(get(port, route, {{"X-API-Key", "wrong"}}).body == R"({"error":"Unauthorized","message":"Invalid API key"})");
    CHECK(get(port, route, {{"X-API-Key", "s3cret"}}).status != 401);
    CHECK(get(port, "/api/no-such-route").status == 401);
    for (const auto* open : {"/health", "/livez", "/readyz", "/metrics"}) CHECK(get(port, open).status == 200);
  }
  CHECK(get(dashboard, "/").status == 200);
  CHECK(get(dashboard, "/%61pi/aggregate").status == 401);
  CHECK(metric(stack.port_of("time-service"),
               R"(time_service_auth_failures_total{endpoint="/api/time",reason="missing"})") == 1);
  // The dashboard sends the key to the services.
  const auto aggregate = get(dashboard, "/api/aggregate", {{"X-API-Key", "s3cret"}});
  CHECK(json_at(aggregate.body, "/meta/time_service/state") == "\"fresh\"");
}

TEST_CASE("access: a session cookie authenticates a request; a forged cookie does not", "[integration][threads]") {
  running_program stack{"cohort-stack", {}, {{"API_KEY", "s3cret"}, {"DASHBOARD_SECRET_KEY", "signing"}}};
  const auto port = stack.port_of("dashboard-service");
  CHECK(request(port, "POST", "/session", {{"X-API-Key", "wrong"}}).status == 401);
  const auto sign_in_response = request(port, "POST", "/session", {{"X-API-Key", "s3cret"}});
  REQUIRE(sign_in_response.status == 204);
  const auto cookie = sign_in_response.header("set-cookie");
  CHECK(cookie.find("HttpOnly") != std::string::npos);
  CHECK(cookie.find("SameSite=Strict") != std::string::npos);

  const auto pair = cookie.substr(0, cookie.find(';'));
  CHECK(get(port, "/api/aggregate", {{"Cookie", "other=1; " + pair}}).status == 200);
  CHECK(request(port, "POST", "/session", {{"Cookie", pair}}).status == 401);
  auto forged_cookie = pair;
  forged_cookie[pair.find('=') + 1] = '9';  // another expiry time
  CHECK(get(port, "/api/aggregate", {{"Cookie", forged_cookie}}).status == 401);
  CHECK(get(port, "/api/aggregate", {{"Cookie", "cohort_session="}}).status == 401);
  CHECK(request(port, "DELETE", "/session").header("set-cookie").find("Max-Age=0") != std::string::npos);
}

TEST_CASE("access: the API key can be read from the file in API_KEY_FILE", "[integration][threads]") {
  const temporary_directory directory;
  const auto file = directory.write("key", "from-a-file\n");
  running_program service{"time-service", {}, {{"API_KEY_FILE", file.string()}}};
  CHECK(get(service.port(), "/api/time").status == 401);
  CHECK(get(service.port(), "/api/time", {{"X-API-Key", "from-a-file"}}).status == 200);
}

TEST_CASE("access: without a key a warning is logged", "[integration][threads]") {
  running_program service{"time-service"};
  CHECK_NOTHROW(service.process().wait_for_line("no API_KEY"));
}

TEST_CASE("access: without a key a warning lists the operations with require_api_key", "[integration][threads]") {
  running_program service{"middleware-service"};
  const auto line = service.process().wait_for_line("operations that need a key accept requests without it");
  CHECK(line.find("DELETE /visits") != std::string::npos);
  CHECK(line.find("GET /visits") == std::string::npos);
}

TEST_CASE("access: require_api_key protects an operation outside /api/", "[integration][threads]") {
  running_program service{"middleware-service", {}, {{"API_KEY", "secret"}}};
  CHECK(get(service.port(), "/visits").body == "1");
  CHECK(get(service.port(), "/visits").body == "2");
  CHECK(request(service.port(), "DELETE", "/visits").status == 401);
  CHECK(request(service.port(), "DELETE", "/visits", {{"X-API-Key", "secret"}}).status == 204);
  CHECK(get(service.port(), "/visits").body == "1");
  CHECK(service.stop() == 0);
  CHECK(service.process().error_output().find("operations that need a key") == std::string::npos);
}

TEST_CASE("access: a service without a route below /api/ does not warn about a missing key", "[integration][threads]") {
  running_program service{"order-service"};
  CHECK(service.port() > 0);
  CHECK(service.stop() == 0);
  CHECK(service.process().error_output().find("no API_KEY") == std::string::npos);
}

TEST_CASE("access: requests above RATE_LIMIT are rejected with 429 and Retry-After; health routes are exempt",
          "[integration][threads]") {
  running_program service{"time-service", {}, {{"RATE_LIMIT", "3/hour"}}};
  for (int i = 0; i < 3; ++i) CHECK(get(service.port(), "/api/time").status == 200);
  const auto rejected = get(service.port(), "/api/time");
  CHECK(rejected.status == 429);
  CHECK(std::stoi(rejected.header("retry-after")) > 1000);
  CHECK(json_at(rejected.body, "/error") == "\"Too Many Requests\"");
  for (int i = 0; i < 5; ++i) CHECK(get(service.port(), "/health").status == 200);
}

TEST_CASE("settings: for an invalid setting the program prints one line with its name and exits with status 2",
          "[integration][threads]") {
  struct invalid_setting {
    std::string program;
    std::vector<std::string> arguments;
    child_process::environment variables;
    std::string message;
  };
  const temporary_directory directory;
  const auto missing = (directory.write("x", "").parent_path() / "missing").string();
  for (const auto& test_case : {
           invalid_setting{"time-service", {"--port", "70000"}, {}, "--port is \"70000\", but must be a port"},
           invalid_setting{
               "time-service", {"--host", "localhost"}, {}, "--host is \"localhost\", but must be an IP address"},
           invalid_setting{"time-service", {"--threads", "0"}, {}, "--threads is \"0\""},
           invalid_setting{"time-service", {"--no-such-flag"}, {}, "--no-such-flag"},
           invalid_setting{"time-service", {}, {{"LOG_LEVEL", "loud"}}, "LOG_LEVEL is \"loud\", but must be one of"},
           invalid_setting{"time-service", {}, {{"LOG_FORMAT", "xml"}}, "LOG_FORMAT is \"xml\""},
           invalid_setting{
               "time-service", {}, {{"TZ", "Nonsense/Zone"}}, "TZ is \"Nonsense/Zone\", but must be a time zone"},
           invalid_setting{
               "time-service", {}, {{"RATE_LIMIT", "often"}}, "RATE_LIMIT is \"often\", but must be a rate"},
           invalid_setting{"time-service", {}, {{"API_KEY_FILE", missing}}, "API_KEY_FILE is"},
           invalid_setting{
               "time-service", {}, {{"API_KEY", "two words"}}, "API_KEY is an invalid value (not shown), but must be"},
           invalid_setting{
               "weather-service", {}, {{"WEATHER_UPSTREAM_URL", "ftp://x"}}, "WEATHER_UPSTREAM_URL is \"ftp://x\""},
           invalid_setting{"weather-service", {}, {{"WEATHER_LOCATION", "Haifa"}}, "WEATHER_LOCATION is \"Haifa\""},
           invalid_setting{"weather-service", {}, {{"WEATHER_CACHE_SECONDS", "-1"}}, "WEATHER_CACHE_SECONDS is \"-1\""},
           invalid_setting{"dashboard-service", {}, {{"TIME_SERVICE_URL", "time-service:5001"}}, "TIME_SERVICE_URL is"},
           invalid_setting{"time-service",
                           {},
                           {{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"}},
                           "OTEL_EXPORTER_OTLP_ENDPOINT is \"collector:4318\", but must be a URL"},
           invalid_setting{"time-service",
                           {},
                           {{"OTEL_EXPORTER_OTLP_HEADERS", "secret"}},
                           "OTEL_EXPORTER_OTLP_HEADERS is an invalid value (not shown), but must be header fields"},
           invalid_setting{"cohort-stack", {"--port", "65534"}, {}, "--port is \"65534\", but must be at most 65532"},
       }) {
    CAPTURE(test_case.message);
    const auto result = run_program(test_case.program, test_case.arguments, test_case.variables);
    CHECK(result.status == 2);
    CHECK(result.output.empty());
    CHECK(result.error.starts_with(test_case.program + ": "));
    CHECK(result.error.find(test_case.message) != std::string::npos);
    CHECK(std::count(result.error.begin(), result.error.end(), '\n') == 1);
  }
}

TEST_CASE("settings: if the port is in use, the program prints one line and exits with status 2",
          "[integration][threads]") {
  running_program first{"time-service"};
  const auto result = run_program("time-service", {"--port", std::to_string(first.port())});
  CHECK(result.status == 2);
  CHECK(result.error ==
        "time-service: cannot listen on 127.0.0.1:" + std::to_string(first.port()) + ": Address already in use\n");
}

TEST_CASE("settings: --help lists flags and variables, and --version prints the version", "[integration][threads]") {
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

TEST_CASE("settings: the exit status of --healthcheck is 0 for a healthy service, otherwise 1",
          "[integration][threads]") {
  running_program service{"time-service"};
  const auto port = std::to_string(service.port());
  CHECK(run_program("time-service", {"--healthcheck", "--port", port}).status == 0);
  CHECK(run_program("time-service", {"--healthcheck", "--port", port, "--host", "0.0.0.0"}).status == 0);
  REQUIRE(service.stop() == 0);
  const auto stopped = run_program("time-service", {"--healthcheck", "--port", port});
  CHECK(stopped.status == 1);
  CHECK(stopped.error == "unhealthy: the connection was refused\n");
}

}  // namespace
}  // namespace cohort::test
