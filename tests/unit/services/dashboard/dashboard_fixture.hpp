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
    serve(dashboard::app(make_context(), authenticator, settings, dashboard::session_cookies{session_secret, api_key},
                         page));
  }
  /// Returns the body of the response to `GET path`. Checks for status 200 and `Cache-Control: no-store`.
  std::string uncached_body(std::string_view path) {
    const auto response = response_to(get(path));
    CHECK(response.status == 200);
    CHECK(response.header("Cache-Control") == "no-store");
    return response.body;
  }
  /// Returns the body of the response to `GET /api/aggregate`. Throws unless the status is 200.
  std::string aggregate(std::string_view fields = {}) {
    const auto response = response_to(get("/api/aggregate", fields));
    if (response.status != 200) throw std::runtime_error(response.start_line);
    return response.body;
  }

  scripted_response time_service;
  scripted_response sysinfo;
  scripted_response weather;
  dashboard::aggregator_settings settings;
  dashboard::page_settings page;

 private:
  boost::urls::url add_service(const std::string& host, std::string route, scripted_response& script) {
    add_server(host, scripted_router(std::move(route), script));
    return parse_url("http://" + host);
  }
};

/// An event stream that stays open.
class open_stream {
 public:
  explicit open_stream(dashboard_fixture& fixture, std::string_view fields = {})
      : fixture_(fixture), peer_(fixture.connect()) {
    peer_.send(get("/api/events", fields));
  }
  ~open_stream() { peer_.stream().close(); }
  open_stream(const open_stream&) = delete;
  open_stream& operator=(const open_stream&) = delete;

  /// Returns all bytes that have been received.
  const std::string& receive_for(duration span) {
    fixture_.time.run_for(span);
    while (peer_.stream().is_readable()) {
      const auto bytes = peer_.read();
      if (!bytes) break;
      text_ += *bytes;
    }
    return text_;
  }

 private:
  dashboard_fixture& fixture_;
  peer peer_;
  std::string text_;
};

}  // namespace cohort::test
