#pragma once

#include "services/dashboard/app.hpp"
#include "tests/unit/core/service/service_stage.hpp"

namespace cohort::test {

inline constexpr const char* signing_secret = "for signing";

/// The dashboard, and three services that do as they are told.
struct dashboard_stage : service_stage {
  explicit dashboard_stage(std::string key = {}) : service_stage(std::move(key)) {
    time_service.body = R"({"service":"time-service","timestamp":"now"})";
    sysinfo.body = R"({"service":"system-info-service","cpu_count":2})";
    weather.body = R"({"service":"weather-service","cached":false})";
  }
  /// With the upstreams that the test has not put elsewhere.
  void serve_dashboard() {
    if (!where.time.has_scheme()) where.time = site("time.test", "/api/time", time_service);
    if (!where.sysinfo.has_scheme()) where.sysinfo = site("sysinfo.test", "/api/sysinfo", sysinfo);
    if (!where.weather.has_scheme()) where.weather = site("weather.test", "/api/weather", weather);
    serve(dashboard::app(kit(), guard, where, dashboard::session_cookies{signing_secret, api_key}));
  }
  std::string aggregate(std::string_view fields = {}) {
    const auto answer = answer_to(get("/api/aggregate", fields));
    if (answer.status != 200) throw std::runtime_error(answer.start_line);
    return answer.body;
  }

  scripted_answer time_service;
  scripted_answer sysinfo;
  scripted_answer weather;
  dashboard::addresses where;

 private:
  boost::urls::url site(const std::string& host, std::string path, scripted_answer& how) {
    add_site(host, scripted(std::move(path), how));
    return url_of("http://" + host);
  }
};

}  // namespace cohort::test
