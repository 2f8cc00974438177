// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/otlp/otlp_settings.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <map>

#include <cohort/service/otlp/telemetry_export.hpp>

namespace cohort::service {
namespace {

using namespace std::chrono_literals;
using variables = std::map<std::string, std::string>;

result<otlp_settings, std::string> read(const variables& environment) {
  return otlp_settings_from_environment([&](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string{} : found->second;
  });
}

const variables endpoint{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"}};

variables with(variables environment, const variables& more) {
  for (const auto& [name, value] : more) environment[name] = value;
  return environment;
}

TEST_CASE("otlp_settings: without an endpoint, no data is exported", "[service][otlp]") {
  const auto settings = read({{"OTEL_TRACES_SAMPLER", "always_on"}});
  REQUIRE(settings.has_value());
  CHECK_FALSE(settings->traces);
  CHECK_FALSE(settings->logs);
}

TEST_CASE("otlp_settings: with an endpoint, spans are exported; log lines are exported if enabled", "[service][otlp]") {
  const auto settings = read(endpoint);
  REQUIRE(settings.has_value());
  REQUIRE(settings->traces);
  CHECK(settings->traces->url.buffer() == "http://collector:4318/v1/traces");
  CHECK(settings->traces->encoding == telemetry::otlp_encoding::protobuf);
  CHECK(settings->traces->request_timeout == 10s);
  CHECK(settings->traces->schedule_delay == 5s);
  CHECK(settings->traces->limits.max_items == 2048);
  CHECK_FALSE(settings->logs);
  const auto settings_with_logs =
      read(with(endpoint, {{"OTEL_LOGS_EXPORTER", "otlp"}, {"OTEL_TRACES_EXPORTER", "none"}}));
  REQUIRE(settings_with_logs.has_value());
  CHECK_FALSE(settings_with_logs->traces);
  REQUIRE(settings_with_logs->logs);
  CHECK(settings_with_logs->logs->url.buffer() == "http://collector:4318/v1/logs");
  CHECK(settings_with_logs->logs->schedule_delay == 1s);
  const auto disabled_settings = read(with(endpoint, {{"OTEL_LOGS_EXPORTER", "otlp"}, {"OTEL_SDK_DISABLED", "true"}}));
  REQUIRE(disabled_settings.has_value());
  CHECK_FALSE(disabled_settings->traces);
  CHECK_FALSE(disabled_settings->logs);
}

TEST_CASE("otlp_settings: the URL of a signal is used unchanged", "[service][otlp]") {
  const auto [name, value, url] = GENERATE(table<std::string, std::string, std::string>({
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector/", "https://collector/v1/traces"},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/otlp/", "http://collector:4318/otlp/v1/traces"},
      {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318", "http://collector:4318/"},
      {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://jaeger:4318/in", "http://jaeger:4318/in"},
  }));
  const auto settings = read({{name, value}});
  REQUIRE(settings.has_value());
  CHECK(settings->traces->url.buffer() == url);
}

TEST_CASE("otlp_settings: a variable of a signal takes precedence over the variable for all signals",
          "[service][otlp]") {
  const auto settings = read(with(endpoint, {{"OTEL_LOGS_EXPORTER", "otlp"},
                                             {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc, x-tenant=7"},
                                             {"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-tenant=8"},
                                             {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                                             {"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf"},
                                             {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                             {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                             {"OTEL_BSP_SCHEDULE_DELAY", "100"},
                                             {"OTEL_BSP_EXPORT_TIMEOUT", "7000"},
                                             {"OTEL_BSP_MAX_QUEUE_SIZE", "100"}}));
  REQUIRE(settings.has_value());
  using pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(settings->traces->headers == pairs{{"authorization", "Basic abc"}, {"x-tenant", "7"}});
  CHECK(settings->logs->headers == pairs{{"x-tenant", "8"}});
  CHECK(settings->traces->encoding == telemetry::otlp_encoding::json);
  CHECK(settings->logs->encoding == telemetry::otlp_encoding::protobuf);
  CHECK(settings->traces->request_timeout == 2500ms);
  CHECK(settings->traces->export_timeout == 7s);
  CHECK(settings->traces->gzip);
  CHECK(settings->traces->schedule_delay == 100ms);
  CHECK(settings->logs->schedule_delay == 1s);
  CHECK(settings->traces->limits.max_items == 100);
  CHECK(settings->traces->limits.max_batch_items == 100);
}

TEST_CASE("otlp_settings: the error for an invalid value is one line with its name and the accepted values",
          "[service][otlp]") {
  const auto [name, value, error] = GENERATE(table<std::string, std::string, std::string>({
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318",
       "OTEL_EXPORTER_OTLP_ENDPOINT is \"collector:4318\", but must be a URL such as http://127.0.0.1:5001 or "
       "https://wttr.in"},
      {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc",
       "OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\", but must be one of http/protobuf, http/json"},
      {"OTEL_EXPORTER_OTLP_HEADERS", "secret",
       "OTEL_EXPORTER_OTLP_HEADERS is an invalid value (not shown), but must be header fields as name=value, separated "
       "by commas, with percent-encoded values"},
      {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s",
       "OTEL_EXPORTER_OTLP_TIMEOUT is \"10s\", but must be an integer from 1 to 3600000 (milliseconds)"},
      {"OTEL_TRACES_SAMPLER_ARG", "2", "OTEL_TRACES_SAMPLER_ARG is \"2\", but must be a number from 0 to 1"},
      {"OTEL_LOGS_EXPORTER", "console", "OTEL_LOGS_EXPORTER is \"console\", but must be one of otlp, none"},
      {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096",
       "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is \"4096\", but must be at most OTEL_BSP_MAX_QUEUE_SIZE (2048)"},
      {"OTEL_RESOURCE_ATTRIBUTES", "zone",
       "OTEL_RESOURCE_ATTRIBUTES is \"zone\", but must be attributes as name=value, separated by commas, with "
       "percent-encoded values"},
  }));
  const auto settings = read(with(endpoint, {{name, value}}));
  REQUIRE(settings.has_error());
  CHECK(settings.error() == error);
}

TEST_CASE("otlp_settings: the variables that are set are reported once, without secrets", "[service][otlp]") {
  const auto settings = read(with(endpoint, {{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret"}}));
  REQUIRE(settings.has_value());
  REQUIRE(settings->effective_settings.size() == 2);
  CHECK(settings->effective_settings[0].variable == "OTEL_EXPORTER_OTLP_ENDPOINT");
  CHECK(settings->effective_settings[0].value == "http://collector:4318");
  CHECK(settings->effective_settings[1].variable == "OTEL_EXPORTER_OTLP_HEADERS");
  CHECK(settings->effective_settings[1].value == "(secret)");
}

TEST_CASE("otlp_settings: an exporter without an endpoint is an error", "[service][otlp]") {
  const auto name = GENERATE(as<std::string>{}, "OTEL_LOGS_EXPORTER", "OTEL_TRACES_EXPORTER");
  const auto settings = read({{name, "otlp"}});
  REQUIRE(settings.has_error());
  CHECK(settings.error().starts_with(name + " is \"otlp\", but neither OTEL_EXPORTER_OTLP_ENDPOINT nor "));
}

TEST_CASE("otlp_settings: the resource has the name of the service", "[service][otlp]") {
  const auto name_of = [](const variables& environment) {
    const auto settings = read(environment);
    REQUIRE(settings.has_value());
    std::map<std::string, std::string> attributes;
    for (const auto& [name, value] : make_resource(*settings, "shop", "1.2", "192.0.2.1:80")) {
      CHECK(attributes.emplace(name, value).second);
    }
    CHECK(attributes.contains("process.pid"));
    CHECK(attributes["service.version"] == "1.2");
    return attributes["service.name"] + " " + attributes["service.instance.id"] + " " + attributes["zone"];
  };
  CHECK(name_of({}) == "shop 192.0.2.1:80 ");
  CHECK(name_of({{"OTEL_RESOURCE_ATTRIBUTES", "zone=a%2Cb, service.name=other,service.instance.id=x"}}) ==
        "other x a,b");
  CHECK(name_of({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=other"}, {"OTEL_SERVICE_NAME", "own"}}) ==
        "own 192.0.2.1:80 ");
}

}  // namespace
}  // namespace cohort::service
