// SPDX-License-Identifier: BSL-1.0
// Tests the documented routes and metrics of the built programs, over real sockets.
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <regex>
#include <set>

#include "tests/integration/running_program.hpp"
#include "tests/integration/weather/wttr_samples.hpp"
#include "tests/support/http/scripted_upstream.hpp"

namespace cohort::test {
namespace {

bool matches(const std::string& text, const char* pattern) { return std::regex_match(text, std::regex{pattern}); }

TEST_CASE("contract: the time service responds with the local time in the time zone of TZ", "[integration][threads]") {
  running_program service{"time-service", {}, {{"TZ", "Asia/Kathmandu"}}};
  const auto response = get(service.port(), "/api/time");
  REQUIRE(response.status == 200);
  CHECK(response.header("content-type") == "application/json");
  CHECK(json_at(response.body, "/service") == "\"time-service\"");
  CHECK(matches(json_at(response.body, "/timestamp"), R"("\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")"));
  CHECK(matches(json_at(response.body, "/iso8601"), R"("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:45")"));
  CHECK(std::stoll(json_at(response.body, "/unix_ms")) > 1'700'000'000'000);
  CHECK(matches(json_at(response.body, "/timezone"), R"("\+0545")"));
}

TEST_CASE("contract: the sysinfo service responds with the documented fields", "[integration][threads]") {
  running_program service{"system-info-service", {}, {{"HOST_HOSTNAME", "outer-host"}}};
  const auto response = get(service.port(), "/api/sysinfo");
  REQUIRE(response.status == 200);
  CHECK(json_at(response.body, "/service") == "\"system-info-service\"");
  CHECK(json_at(response.body, "/hostname") == "\"outer-host\"");
  CHECK(json_at(response.body, "/platform") == "\"Linux\"");
  CHECK(std::stoi(json_at(response.body, "/cpu_count")) >= 1);
  CHECK(std::stoi(json_at(response.body, "/cpu_count_physical")) >= 1);
  CHECK(matches(json_at(response.body, "/runtime"), R"("C\+\+20, (GCC|Clang) \d+\.\d+, Boost 1\.\d+")"));
  // The value is compared as text, because the number of decimals is documented.
  CHECK(std::regex_search(response.body, std::regex{R"("memory_total_gb":\d+\.\d\d,"memory_available_gb":\d+\.\d\d,)"
                                                    R"("memory_percent":\d+\.\d,)"}));
  for (const auto* field : {"/container_hostname", "/platform_release", "/platform_version", "/architecture",
                            "/processor", "/load_average/2", "/uptime_seconds"}) {
    CAPTURE(field);
    CHECK(json_at(response.body, field) != "(none)");
  }
}

TEST_CASE("contract: the services of one process have separate ports and communicate over HTTP",
          "[integration][threads]") {
  scripted_upstream provider;
  provider.set_default_behavior(canned_response{.body = wttr_response()});
  running_program stack{"cohort-stack", {}, {{"WEATHER_UPSTREAM_URL", provider.url()}}};
  const auto dashboard = stack.port_of("dashboard-service");

  const auto response = get(dashboard, "/api/aggregate");
  REQUIRE(response.status == 200);
  CHECK(json_at(response.body, "/dashboard") == "\"aggregator-service\"");
  CHECK(json_at(response.body, "/time_service/service") == "\"time-service\"");
  CHECK(json_at(response.body, "/sysinfo_service/service") == "\"system-info-service\"");
  CHECK(json_at(response.body, "/weather_service/weather/temperature_c") == "\"21\"");
  for (const std::string part : {"time_service", "sysinfo_service", "weather_service"}) {
    CHECK(json_at(response.body, "/meta/" + part + "/state") == "\"fresh\"");
    CHECK(json_at(response.body, "/meta/" + part + "/elapsed_ms") != "(none)");
  }
  CHECK(json_at(response.body, "/meta/time_service/deadline_ms") == "3000");
  CHECK(json_at(response.body, "/meta/weather_service/deadline_ms") == "5000");

  // Each part of the aggregate is the unchanged response of its service.
  const auto weather = get(stack.port_of("weather-service"), "/api/weather");
  CHECK(json_at(weather.body, "/location") == json_at(response.body, "/weather_service/location"));

  const auto proxied = get(dashboard, "/api/time-proxy");
  CHECK(proxied.status == 200);
  CHECK(json_at(proxied.body, "/service") == "\"time-service\"");
  // Both calls use HTTP, so the time service counts them.
  CHECK(metric(stack.port_of("time-service"),
               R"(time_service_http_requests_total{endpoint="/api/time",method="GET",status="200"})") == 2);
  CHECK(stack.stop() == 0);
}

TEST_CASE(
    "contract: every service has health routes and metrics, supports HEAD, and sends JSON errors and security headers",
    "[integration][threads]") {
  running_program stack{"cohort-stack"};
  struct expectation {
    std::string service;
    std::string route;
  };
  for (const auto& [service, route] :
       {expectation{"time-service", "/api/time"}, expectation{"system-info-service", "/api/sysinfo"},
        expectation{"weather-service", "/api/weather"}, expectation{"dashboard-service", "/api/aggregate"}}) {
    CAPTURE(service);
    const auto port = stack.port_of(service);
    CHECK(get(port, "/health").body == R"({"status":"healthy"})");
    CHECK(get(port, "/livez").status == 200);
    CHECK(get(port, "/readyz").status == 200);
    CHECK(get(port, "/metrics").header("content-type") == "text/plain; version=0.0.4; charset=utf-8");

    raw_connection head{port};
    head.send("HEAD " + route + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto head_response = head.read_response(default_timeout, true);
    CHECK(head_response.body.empty());
    CHECK(std::stoi(head_response.header("content-length")) > 0);

    const auto unknown = get(port, "/nothing/here");
    CHECK(unknown.status == 404);
    CHECK(json_at(unknown.body, "/error") == "\"Not Found\"");
    const auto wrong_method = request(port, "DELETE", route);
    CHECK(wrong_method.status == 405);
    CHECK(wrong_method.header("allow") == "GET, HEAD");
    CHECK(request(port, "BREW", route).status == 501);

    for (const auto& response : {unknown, wrong_method, get(port, "/health")}) {
      CHECK(response.header("x-content-type-options") == "nosniff");
      CHECK(response.header("x-frame-options") == "DENY");
      CHECK(response.header("referrer-policy") == "strict-origin-when-cross-origin");
      CHECK_FALSE(response.header("permissions-policy").empty());
      const auto policy = response.header("content-security-policy");
      CHECK_FALSE(policy.empty());
      CHECK(policy.find("unsafe-inline") == std::string::npos);
      CHECK(matches(response.header("date"), R"(\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)"));
    }
  }
}

TEST_CASE("contract: metrics have the documented names, start at zero and exclude probes", "[integration][threads]") {
  running_program stack{"cohort-stack"};
  struct expectation {
    std::string service;
    std::string series;
  };
  for (const auto& [service, series] : {
           expectation{"time-service",
                       R"(time_service_http_requests_total{endpoint="/api/time",method="GET",status="200"})"},
           expectation{"system-info-service",
                       R"(system_info_service_http_requests_total{endpoint="/api/sysinfo",method="GET",status="500"})"},
           expectation{"weather-service",
                       R"(weather_service_http_requests_total{endpoint="/api/weather",method="GET",status="503"})"},
           expectation{"dashboard-service",
                       R"(dashboard_service_http_requests_total{endpoint="/api/aggregate",method="GET",status="200"})"},
           expectation{"time-service",
                       R"(time_service_http_request_duration_seconds_count{endpoint="/api/time",method="GET"})"},
           expectation{"time-service", R"(time_service_auth_failures_total{endpoint="/api/time",reason="missing"})"},
           expectation{"weather-service", "weather_service_cache_hits_total"},
           expectation{"weather-service", "weather_service_cache_misses_total"},
           expectation{"dashboard-service",
                       R"(dashboard_service_upstream_request_duration_seconds_count{service="weather"})"},
           expectation{"dashboard-service",
                       R"(dashboard_service_upstream_requests_total{service="sysinfo",outcome="timeout"})"},
       }) {
    CAPTURE(series);
    const auto port = stack.port_of(service);
    get(port, "/health");
    CHECK(metric(port, series) == 0);
  }
  const auto port = stack.port_of("time-service");
  for (const auto* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                           "process_max_fds", "process_start_time_seconds", "process_virtual_memory_bytes"}) {
    CAPTURE(name);
    CHECK(metric(port, name) > 0);
  }
  // The alert rules select metrics by this suffix.
  std::set<std::string> names;
  const auto text = get(port, "/metrics").body;
  const std::regex suffix{"(\\w*http_requests_total)"};
  for (std::sregex_iterator match{text.begin(), text.end(), suffix}, end; match != end; ++match)
    names.insert((*match)[1]);
  CHECK(names == std::set<std::string>{"time_service_http_requests_total"});
}

TEST_CASE("contract: the page has hashed assets, ETags and compressed bodies", "[integration][threads]") {
  running_program dashboard{"dashboard-service"};
  const auto page = get(dashboard.port(), "/", {{"Accept-Encoding", "identity"}});
  REQUIRE(page.status == 200);
  CHECK(page.header("content-type") == "text/html; charset=utf-8");
  CHECK(page.header("cache-control") == "private, no-cache");
  CHECK(page.body.find("style=") == std::string::npos);

  std::smatch script;
  REQUIRE(std::regex_search(page.body, script, std::regex{R"re(src="(assets/[\w.-]+\.js)")re"}));
  const auto uncompressed_response = get(dashboard.port(), "/" + script[1].str());
  CHECK(uncompressed_response.status == 200);
  CHECK(uncompressed_response.header("cache-control") == "public, max-age=31536000, immutable");
  const auto compressed_response = get(dashboard.port(), "/" + script[1].str(), {{"Accept-Encoding", "gzip"}});
  CHECK(compressed_response.header("content-encoding") == "gzip");
  CHECK(compressed_response.body.size() < uncompressed_response.body.size());
  CHECK(compressed_response.header("etag") != uncompressed_response.header("etag"));
  CHECK(
      get(dashboard.port(), "/" + script[1].str(), {{"If-None-Match", uncompressed_response.header("etag")}}).status ==
      304);
  CHECK(get(dashboard.port(), "/assets/none.js").status == 404);
}

TEST_CASE("contract: the event stream has the time, the aggregate, and a final event when the server drains",
          "[integration][threads]") {
  running_program stack{"cohort-stack"};
  raw_connection browser{stack.port_of("dashboard-service")};
  browser.send("GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = browser.read_head();
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  std::map<std::string, std::string> first;
  while (!first.contains("time") || !first.contains("aggregate")) {
    const auto event = browser.read_sse_event();
    first.emplace(event.event, event.data);
  }
  CHECK(json_at(first.at("time"), "/service") == "\"time-service\"");
  CHECK(json_at(first.at("aggregate"), "/meta/time_service/state") == "\"fresh\"");

  stack.process().signal(SIGTERM);
  std::string last;
  while (last != "bye") last = browser.read_sse_event().event;
  CHECK(stack.process().wait_for_exit() == 0);
}

TEST_CASE("contract: the README's example serves its route", "[integration][threads]") {
  running_program hello{"hello-service"};
  // The upstream's port may or may not be in use on this machine.
  const auto response = get(hello.port(), "/api/hello/w%C3%B6rld");
  if (response.status == 200) {
    CHECK(json_at(response.body, "/hello") == "\"wörld\"");
  } else {
    CHECK(response.status == 502);
    CHECK(json_at(response.body, "/error") == "\"Bad Gateway\"");
  }
  CHECK(get(hello.port(), "/health").status == 200);
  CHECK(hello.stop() == 0);
}

}  // namespace
}  // namespace cohort::test
