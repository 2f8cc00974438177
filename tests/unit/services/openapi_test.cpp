// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "services/sysinfo/app.hpp"
#include "services/time/app.hpp"
#include "tests/support/http/openapi_document.hpp"
#include "tests/unit/services/dashboard/alert_samples.hpp"
#include "tests/unit/services/dashboard/dashboard_fixture.hpp"
#include "tests/unit/services/weather/weather_fixture.hpp"

// Tests that the responses of the services conform to the OpenAPI documents that they serve.
namespace cohort {
namespace {

using namespace cohort::test;
using lines = std::vector<std::string>;

/// The OpenAPI document of a running service.
class contract {
 public:
  explicit contract(service_fixture& fixture)
      : fixture_(fixture), document_(fixture.response_to(get("/openapi.json")).body) {
    CHECK(document_.problems() == lines{});
  }

  /// Sends a request, and checks the response. `path` is the path template in the document.
  received_response check(const std::string& request, const std::string& path, int status) {
    auto response = fixture_.response_to(request);
    CHECK(response.status == status);
    CHECK(document_.violations(method_of(request), path, response.status, content_type(response), response.body) ==
          lines{});
    return response;
  }
  /// Like `check`, but returns the mutations of the body that also conform.
  lines find_conforming_mutations(const std::string& request, const std::string& path, int status) {
    const auto response = check(request, path, status);
    return document_.undetected_mutations(method_of(request), path, response.status, content_type(response),
                                          response.body);
  }
  const openapi_document& document() const { return document_; }

 private:
  static std::string method_of(const std::string& request) {
    auto method = request.substr(0, request.find(' '));
    for (char& c : method) c = static_cast<char>(c + ('a' - 'A'));
    return method;
  }
  static std::string content_type(const received_response& response) {
    return response.header("Content-Type").value_or("");
  }

  service_fixture& fixture_;
  openapi_document document_;
};

std::string empty_request(std::string_view method, std::string_view path, std::string_view fields = {}) {
  return std::string{method} + " " + std::string{path} + " HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n" +
         std::string{fields} + "\r\n";
}

TEST_CASE("OpenAPI: the responses of every service's own routes conform to its document", "[services][openapi]") {
  service_fixture fixture;
  fixture.describes_framework = true;
  fixture.serve(time_service::app());
  contract api{fixture};
  for (const auto* path : {"/health", "/livez", "/readyz"}) {
    CHECK(api.find_conforming_mutations(get(path), path, 200) == lines{});
  }
  for (const auto* path : {"/metrics", "/docs", "/openapi.json"}) api.check(get(path), path, 200);
  api.check(get("/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n"), "/metrics", 200);
  fixture.draining = true;
  CHECK(api.find_conforming_mutations(get("/readyz"), "/readyz", 503) == lines{});
}

TEST_CASE("OpenAPI: the responses of the time service conform to its document, and no mutated response does",
          "[services][openapi]") {
  service_fixture fixture{"key"};
  fixture.serve(time_service::app(), config::rate{3, 1min});
  contract api{fixture};
  const auto request = get("/api/time", "X-API-Key: key\r\n");
  CHECK(api.find_conforming_mutations(request, "/api/time", 200) == lines{});
  CHECK(api.find_conforming_mutations(get("/api/time"), "/api/time", 401) == lines{});
  const auto limited_result = api.check(request, "/api/time", 429);
  CHECK(limited_result.header("Retry-After").has_value());
}

TEST_CASE("OpenAPI: the responses of the framework conform to the document", "[services][openapi]") {
  service_fixture fixture;
  fixture.serve(time_service::app());
  contract api{fixture};
  CHECK(api.find_conforming_mutations("GET /api/time HTTP/1.1\r\nHost: test\r\nContent-Length: x\r\n\r\n", "/api/time",
                                      400) == lines{});
  api.check(empty_request("GET", "/api/time", "Expect: something\r\n"), "/api/time", 417);
  api.check(get("/api/time?" + std::string(20'000, 'x')), "/api/time", 414);
  api.check(get("/api/time", "X-Long: " + std::string(70'000, 'x') + "\r\n"), "/api/time", 431);
  api.check("GET /api/time HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\n", "/api/time", 413);
  api.check("GET /api/time HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\n", "/api/time", 501);
}

TEST_CASE("OpenAPI: the response of the sysinfo service conforms to its document, and no mutated response does",
          "[services][openapi]") {
  service_fixture fixture;
  fixture.serve(sysinfo::app("", sysinfo::system_info_reader{}));
  contract api{fixture};
  auto undetected = api.find_conforming_mutations(get("/api/sysinfo"), "/api/sysinfo", 200);
  // They are optional.
  std::erase_if(undetected, [](const auto& line) { return line.starts_with("/cgroup_") && line.ends_with("removed"); });
  CHECK(undetected == lines{});
}

TEST_CASE(
    "OpenAPI: the responses of the weather service conform to its document, and no unlisted mutation of them does",
    "[services][openapi]") {
  weather_app_fixture fixture;
  contract api{fixture};
  const lines optional{"/location/latitude: removed", "/location/longitude: removed"};
  CHECK(api.find_conforming_mutations(get("/api/weather"), "/api/weather", 200) == optional);
  fixture.time.run_for(700s);
  fixture.wttr.status = http::status::bad_gateway;
  CHECK(api.find_conforming_mutations(get("/api/weather"), "/api/weather", 200) ==
        lines{"/stale: removed", "/cache_age_seconds: removed", "/location/latitude: removed",
              "/location/longitude: removed", "/error: removed"});
  CHECK(api.find_conforming_mutations(get("/api/weather?location=x"), "/api/weather", 400) == lines{});
  const auto unavailable = get("/api/weather?location=Rome,Italy");
  // Without `service`, the body is a valid error of the framework.
  CHECK(api.find_conforming_mutations(unavailable, "/api/weather", 503) == lines{"/service: removed"});
  fixture.wttr.status = http::status::not_found;
  api.check(get("/api/weather?location=Nowhere,Land"), "/api/weather", 404);
  CHECK(api.find_conforming_mutations(get("/api/weather/providers"), "/api/weather/providers", 200) == lines{});
}

TEST_CASE("OpenAPI: the responses of the dashboard conform to its document, and no unlisted mutation of them does",
          "[services][openapi]") {
  dashboard_fixture fixture;
  fixture.time_service.body = "{}";
  fixture.sysinfo.body = "{}";
  fixture.weather.body = "{}";
  fixture.serve_dashboard();
  contract api{fixture};
  // The document of the dashboard does not describe the bodies of the other services.
  CHECK(api.find_conforming_mutations(get("/api/aggregate"), "/api/aggregate", 200) ==
        lines{"/time_service: unknown member", "/sysinfo_service: unknown member", "/weather_service: unknown member"});
  api.check(get("/api/time-proxy"), "/api/time-proxy", 200);
  fixture.time_service.status = http::status::internal_server_error;
  CHECK(api.find_conforming_mutations(get("/api/time-proxy"), "/api/time-proxy", 502) == lines{});
  api.check(empty_request("POST", "/session/renewal"), "/session/renewal", 200);
  api.check(empty_request("DELETE", "/session"), "/session", 204);
  api.check(empty_request("DELETE", "/session", "Origin: http://other.test\r\n"), "/session", 403);
}

TEST_CASE("OpenAPI: the responses of the alert routes conform to the document, and unlisted mutations of them do not",
          "[services][openapi]") {
  dashboard_fixture fixture;
  fixture.serve_dashboard();
  contract api{fixture};
  const auto json = "Content-Type: application/json\r\n";
  const auto body = webhook_body({alert_sample{}, watchdog()});
  const auto update =
      "POST /api/alerts HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  CHECK(api.find_conforming_mutations(update + json + "\r\n" + body, "/api/alerts", 200) == lines{});
  api.check(update + "\r\n" + body, "/api/alerts", 415);
  api.check(update + json + "Origin: http://x.test\r\n\r\n" + body, "/api/alerts", 403);
  api.check(empty_request("POST", "/api/alerts", json), "/api/alerts", 400);
  auto undetected = api.find_conforming_mutations(get("/api/alerts"), "/api/alerts", 200);
  std::erase_if(undetected, [](const auto& line) { return line.find("/labels/") != std::string::npos; });
  const std::string alert = "/firing/0/";
  CHECK(undetected == lines{"/monitoring/last_heard_seconds: removed", alert + "severity: removed",
                            alert + "service: removed", alert + "summary: removed", alert + "description: removed",
                            alert + "runbook_url: removed"});
}

TEST_CASE("OpenAPI: the responses to sessions conform to the document", "[services][openapi]") {
  dashboard_fixture fixture{"key"};
  fixture.serve_dashboard();
  contract api{fixture};
  api.check(empty_request("POST", "/session"), "/session", 401);
  const auto sign_in_response = api.check(empty_request("POST", "/session", "X-API-Key: key\r\n"), "/session", 204);
  const auto cookie = sign_in_response.header("Set-Cookie").value_or("");
  const auto field = "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
  api.check(empty_request("POST", "/session/renewal", field), "/session/renewal", 204);
  api.check(empty_request("POST", "/session/renewal"), "/session/renewal", 401);
  api.check(empty_request("DELETE", "/session", field), "/session", 204);
}

}  // namespace
}  // namespace cohort
