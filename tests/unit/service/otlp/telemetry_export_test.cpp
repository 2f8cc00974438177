// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/otlp/telemetry_export.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/service/otlp/collector_fixture.hpp"
#include "tests/unit/telemetry/captured_log.hpp"

namespace cohort::test {
namespace {

service::otlp_settings json_settings() {
  service::otlp_settings settings;
  service::otlp_target target;
  target.encoding = telemetry::otlp_encoding::json;
  target.url = parse_url("http://collector.test/v1/traces");
  settings.traces = target;
  target.url = parse_url("http://collector.test/v1/logs");
  target.schedule_delay = 1s;
  settings.logs = target;
  return settings;
}

TEST_CASE("telemetry_export: log lines are exported with their trace, in addition to standard error",
          "[service][otlp]") {
  captured_log captured_log;
  std::vector<std::string> lines;
  {
    service_fixture services;
    fake_collector collector;
    services.add_server("collector.test", collector_routes(collector));
    const auto settings = json_settings();
    const telemetry::logger log{captured_log.sink(), "shop", telemetry::log_level::info, telemetry::log_format::json,
                                services.time.event_loop().time_source()};
    service::telemetry_export exports{settings, services.network, {&services.time.event_loop()}, {}, log};
    auto* const tracer = exports.add_service("shop", "1.0", "192.0.2.1:80", services.metrics);
    REQUIRE(tracer);
    captured_log.sink().set_exporter(&exports);
    exports.start();
    log.write(telemetry::log_level::warn, "late",
              {{"trace_id", std::string_view{"0af7651916cd43dd8448eb211c80319c"}}, {"status", std::int64_t{504}}});
    log.write(telemetry::log_level::debug, "not enabled");
    services.time.run_for(3s);
    REQUIRE(collector.bodies.size() == 1);
    CHECK(json_at(collector.bodies[0], "/resourceLogs/0/resource/attributes/0/value/stringValue") == "\"shop\"");
    const std::string record = "/resourceLogs/0/scopeLogs/0/logRecords/0";
    CHECK(json_at(collector.bodies[0], record + "/traceId") == "\"0af7651916cd43dd8448eb211c80319c\"");
    CHECK(json_at(collector.bodies[0], record + "/severityText") == "\"WARN\"");
    CHECK(json_at(collector.bodies[0], record + "/body/stringValue") == "\"late\"");
    CHECK(count_in(collector.bodies, "not enabled") == 0);
    CHECK(services.metric_value("cohort_telemetry_exported_total{signal=\"logs\"}") == 1);
    CHECK(services.metric_value("cohort_telemetry_exported_total{signal=\"traces\"}") == 0);
    CHECK(services.metric_value("cohort_telemetry_dropped_total{signal=\"logs\",reason=\"queue_full\"}") == 0);
    CHECK(services.metric_value("cohort_telemetry_queue_items{signal=\"logs\"}") == 0);
    services.time.run(exports.stop(deadline::after(services.time.now(), 2s)));
    captured_log.sink().set_exporter(nullptr);
    lines = captured_log.close();
  }
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("\"late\"") != std::string::npos);
}

TEST_CASE("telemetry_export: rejections by the collector are logged once a minute and counted", "[service][otlp]") {
  captured_log captured_log;
  service_fixture services;
  fake_collector collector;
  collector.default_step.status = 401;
  services.add_server("collector.test", collector_routes(collector));
  auto settings = json_settings();
  settings.traces.reset();
  const telemetry::logger log{captured_log.sink(), "shop", telemetry::log_level::info, telemetry::log_format::json,
                              services.time.event_loop().time_source()};
  service::telemetry_export exports{settings, services.network, {&services.time.event_loop()}, {}, log};
  CHECK_FALSE(exports.add_service("shop", "1.0", "192.0.2.1:80", services.metrics));
  captured_log.sink().set_exporter(&exports);
  exports.start();
  for (int second = 0; second < 90; ++second) {
    log.write(telemetry::log_level::info, "line");
    services.time.run_for(1s);
  }
  services.time.run(exports.stop(deadline::after(services.time.now(), 2s)));
  captured_log.sink().set_exporter(nullptr);
  const auto dropped = services.metric_value("cohort_telemetry_dropped_total{signal=\"logs\",reason=\"rejected\"}");
  CHECK(dropped.value_or(0) >= 90);
  std::size_t warnings = 0;
  for (const auto& line : captured_log.close()) warnings += line.find("telemetry dropped") != std::string::npos ? 1 : 0;
  CHECK(warnings == 2);
}

}  // namespace
}  // namespace cohort::test
