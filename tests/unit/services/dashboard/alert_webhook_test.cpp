// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/alerts/alert_webhook.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/dashboard/alert_samples.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using dashboard::alert_limits;
using dashboard::parse_alert_webhook;

std::string replace(std::string text, std::string_view original, std::string_view replacement) {
  const auto position = text.find(original);
  REQUIRE(position != std::string::npos);
  return text.replace(position, original.size(), replacement);
}

/// Returns a webhook with one alert that has additional labels.
std::string webhook_with_labels(const std::string& labels) {
  return replace(webhook_body({{}}), R"("instance":"time-service:5001")", labels);
}

TEST_CASE("alert webhook: all fields are parsed", "[services][dashboard]") {
  const auto webhook = parse_alert_webhook(
      webhook_body({{}, {.fingerprint = "b", .status = "resolved", .ends_at = "2026-06-01T11:59:00Z"}}, 7));
  REQUIRE(webhook.has_value());
  CHECK(webhook->truncated == 7);
  CHECK(webhook->shortened == 0);
  REQUIRE(webhook->alerts.size() == 2);
  const auto& first = webhook->alerts[0];
  CHECK(first.firing);
  CHECK(first.fingerprint == "0123456789abcdef");
  CHECK(first.name == "ServiceDown");
  CHECK(first.severity == "critical");
  CHECK(first.service == "time-service");
  CHECK(first.summary == "time-service is down");
  CHECK(first.description == "No response for one minute.");
  CHECK(first.runbook_url == "http://localhost:5000/runbook#servicedown");
  CHECK(first.labels == std::vector<std::pair<std::string, std::string>>{{"alertname", "ServiceDown"},
                                                                         {"instance", "time-service:5001"},
                                                                         {"job", "time-service"},
                                                                         {"severity", "critical"}});
  const auto& second = webhook->alerts[1];
  CHECK_FALSE(second.firing);
  CHECK(second.ends_at - second.starts_at == std::chrono::milliseconds{59'500});
}

TEST_CASE("alert webhook: optional fields may be missing", "[services][dashboard]") {
  auto body = replace(webhook_body({{}}), R"(,"job":"time-service","severity":"critical")", "");
  body = replace(body, R"("description":"No response for one minute.",)", "");
  body = replace(body, R"("runbook_url":"http://localhost:5000/runbook#servicedown","summary":"time-service is down")",
                 "");
  body = replace(body, R"("generatorURL":"http://prometheus:9090/graph?g0.expr=up",)", "");
  body = replace(body, R"(,"truncatedAlerts":0)", "");
  // The replacement leaves a comma before the bracket.
  body = replace(body, R"("annotations":{},)", R"("annotations":{"other":7},)");
  const auto webhook = parse_alert_webhook(body);
  REQUIRE(webhook.has_value());
  const auto& alert = webhook->alerts.at(0);
  for (const auto* text : {&alert.severity, &alert.service, &alert.summary, &alert.description, &alert.runbook_url}) {
    CHECK_FALSE(text->has_value());
  }
  CHECK(webhook->truncated == 0);
}

TEST_CASE("alert webhook: an invalid field is reported with its path", "[services][dashboard]") {
  const auto [original, replacement, error] = GENERATE(table<std::string, std::string, std::string>({
      {R"("version":"4")", R"("version":"3")", "version is not \"4\""},
      {R"("version":"4")", R"("version":4)", "version is missing or not a string"},
      {R"("version":"4",)", "", "version is missing or not a string"},
      {R"("groupKey":"{}:{}",)", "", "groupKey is missing or not a string"},
      {R"("receiver":"dashboard",)", "", "receiver is missing or not a string"},
      {R"("status":"firing","alerts")", R"("status":"maybe","alerts")", "status is neither firing nor resolved"},
      {R"("truncatedAlerts":0)", R"("truncatedAlerts":-1)", "truncatedAlerts is not a non-negative integer"},
      {R"("truncatedAlerts":0)", R"("truncatedAlerts":"0")", "truncatedAlerts is not a non-negative integer"},
      {R"("alerts":[)", R"("alarms":[)", "alerts is missing or not an array"},
      {R"("alerts":[{)", R"("alerts":[7,{)", "alerts/0/fingerprint is missing or not a string"},
      {R"("alerts":[{"status":"firing")", R"("alerts":[{"status":"pending")", "alerts/0/status is neither firing"},
      {R"("alerts":[{"status":"firing")", R"("alerts":[{"status":"resolved")",
       "alerts/0/endsAt is not an RFC 3339 timestamp"},
      {R"(2026-06-01T11:58:00.5Z)", "yesterday", "alerts/0/startsAt is not an RFC 3339 timestamp"},
      {R"(,"endsAt":"0001-01-01T00:00:00Z")", "", "alerts/0/endsAt is missing or not a string"},
      {R"("fingerprint":"0123456789abcdef")", R"("fingerprint":"")",
       "alerts/0/fingerprint is empty or longer than 64 bytes"},
      {R"("alertname":"ServiceDown",)", "", "alerts/0/labels/alertname is missing"},
      {R"("job":"time-service")", R"("job":{"x":1})", "alerts/0/labels has a value that is not a string"},
      {R"("labels":{)", R"("labels":[],"x":{)", "alerts/0/labels is missing or not an object"},
      {R"("annotations":{)", R"("notes":{)", "alerts/0/annotations is missing or not an object"},
      {R"("summary":"time-service is down")", R"("summary":null)", "alerts/0/annotations/summary is not a string"},
  }));
  CAPTURE(original, replacement);
  const auto webhook = parse_alert_webhook(replace(webhook_body({{}}), original, replacement));
  REQUIRE(webhook.has_error());
  CHECK(webhook.error().find(error) == 0);
}

TEST_CASE("alert webhook: a body that is not a JSON object is rejected", "[services][dashboard]") {
  const std::string body =
      GENERATE("", "{", "[]", "null", "7", "\"4\"", "{}", "{\"version\":\"4\"}", "\xFF\xFE", "{\"version\":\"4\"}{}");
  CAPTURE(body);
  CHECK(parse_alert_webhook(body).has_error());
  CHECK(parse_alert_webhook(std::string(100'000, '[')).has_error());
}

TEST_CASE("alert webhook: the path of an error contains the alert's index", "[services][dashboard]") {
  const auto webhook =
      parse_alert_webhook(webhook_body({{}, {.fingerprint = "b", .starts_at = "x"}, {.starts_at = "y"}}));
  REQUIRE(webhook.has_error());
  CHECK(webhook.error().find("alerts/1/startsAt") == 0);
}

TEST_CASE("alert webhook: long strings are truncated at a character boundary", "[services][dashboard]") {
  std::string long_text;
  while (long_text.size() <= alert_limits::description) long_text += "\xC3\xBC";  // ü
  const auto webhook = parse_alert_webhook(webhook_body({{.description = long_text}}));
  REQUIRE(webhook.has_value());
  CHECK(webhook->shortened == 1);
  const auto& description = *webhook->alerts.at(0).description;
  CHECK(description.size() <= alert_limits::description);
  CHECK(description.size() > alert_limits::description - 5);
  CHECK(description.ends_with("\xC3\xBC\xE2\x80\xA6"));

  const std::string longest(alert_limits::description, 'x');
  const auto unshortened_webhook = parse_alert_webhook(webhook_body({{.description = longest}}));
  REQUIRE(unshortened_webhook.has_value());
  CHECK(unshortened_webhook->shortened == 0);
  CHECK(unshortened_webhook->alerts.at(0).description == longest);
}

TEST_CASE("alert webhook: labels are limited in number and length", "[services][dashboard]") {
  std::string labels;
  for (int i = 0; i < 100; ++i) labels += "\"l" + std::to_string(i) + "\":\"v\",";
  labels += "\"last\":\"" + std::string(2000, 'x') + "\"";
  const auto webhook = parse_alert_webhook(webhook_with_labels(labels));
  REQUIRE(webhook.has_value());
  const auto& alert = webhook->alerts.at(0);
  CHECK(alert.labels.size() == alert_limits::labels);
  CHECK(alert.severity == "critical");
  CHECK(webhook->shortened == 104 + 1 - alert_limits::labels);

  const auto names =
      parse_alert_webhook(webhook_with_labels("\"" + std::string(300, 'n') + "\":\"" + std::string(900, 'v') + "\""));
  REQUIRE(names.has_value());
  CHECK(names->shortened == 2);
  CHECK(names->alerts.at(0).labels.at(1).first.size() == alert_limits::label_name);
  CHECK(names->alerts.at(0).labels.at(1).second.size() == alert_limits::label_value);
}

TEST_CASE("alert webhook: long links are omitted, and long fingerprints are rejected", "[services][dashboard]") {
  const auto link = "http://localhost:5000/runbook#" + std::string(alert_limits::runbook_url, 'x');
  const auto webhook =
      parse_alert_webhook(replace(webhook_body({{}}), "http://localhost:5000/runbook#servicedown", link));
  REQUIRE(webhook.has_value());
  CHECK_FALSE(webhook->alerts.at(0).runbook_url.has_value());
  CHECK(webhook->shortened == 1);
  CHECK(parse_alert_webhook(webhook_body({{.fingerprint = std::string(65, 'f')}})).has_error());
  CHECK(parse_alert_webhook(webhook_body({{.fingerprint = std::string(64, 'f')}})).has_value());
}

TEST_CASE("alert webhook: an alert's size is the sum of its strings", "[services][dashboard]") {
  const auto webhook = parse_alert_webhook(webhook_body({{}}));
  REQUIRE(webhook.has_value());
  auto alert = webhook->alerts.at(0);
  const auto bytes = alert.text_bytes();
  alert.description->append(100, 'x');
  alert.labels.emplace_back("12345", "678");
  CHECK(alert.text_bytes() == bytes + 108);
  CHECK(bytes > 200);
}

}  // namespace
}  // namespace cohort
