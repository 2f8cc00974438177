// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "services/dashboard/app.hpp"
#include "tests/unit/service/service_fixture.hpp"

namespace cohort::test {

inline constexpr const char* session_secret = "session secret";

/// The dashboard service and three scripted services.
struct dashboard_fixture : service_fixture {
  explicit dashboard_fixture(std::string key = {}) : service_fixture(std::move(key)) {
    time_service.body = R"({"service":"time-service","timestamp":"now"})";
    sysinfo.body = R"({"service":"system-info-service","cpu_count":2})";
    weather.body = R"({"service":"weather-service","cached":false})";
  }
  /// Uses the scripted services where the test has not set another URL.
  void serve_dashboard() {
    if (!settings.time.has_scheme()) settings.time = add_service("time.test", "/api/time", time_service);
    if (!settings.sysinfo.has_scheme()) settings.sysinfo = add_service("sysinfo.test", "/api/sysinfo", sysinfo);
    if (!settings.weather.has_scheme()) settings.weather = add_service("weather.test", "/api/weather", weather);
    serve(dashboard::app(make_context(), authenticator, settings, dashboard::session_cookies{session_secret, api_key}));
  }
  /// The body of `/api/aggregate`.
  std::string aggregate(std::string_view fields = {}) {
    const auto response = response_to(get("/api/aggregate", fields));
    if (response.status != 200) throw std::runtime_error(response.start_line);
    return response.body;
  }

  scripted_response time_service;
  scripted_response sysinfo;
  scripted_response weather;
  dashboard::aggregator_settings settings;

 private:
  boost::urls::url add_service(const std::string& host, std::string route, scripted_response& script) {
    add_server(host, scripted_router(std::move(route), script));
    return parse_url("http://" + host);
  }
};

}  // namespace cohort::test
