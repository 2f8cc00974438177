#include "services/dashboard/alert_webhook.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "tests/unit/services/dashboard/alert_bodies.hpp"

namespace cohort {
namespace {

using namespace cohort::test;
using dashboard::alert_limits;
using dashboard::read_alert_webhook;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

/// A webhook with one alert that has these labels besides its name.
std::string with_labels(const std::string& more) {
  return replaced(webhook_of({{}}), R"("instance":"time-service:5001")", more);
}

TEST_CASE("A webhook is read as Alertmanager sends it") {
  const auto read = read_alert_webhook(
      webhook_of({{}, {.fingerprint = "b", .status = "resolved", .ends_at = "2026-06-01T11:59:00Z"}}, 7));
  REQUIRE(read.has_value());
  CHECK(read->truncated == 7);
  CHECK(read->shortened == 0);
  REQUIRE(read->alerts.size() == 2);
  const auto& first = read->alerts[0];
  CHECK(first.firing);
  CHECK(first.fingerprint == "0123456789abcdef");
  CHECK(first.name == "ServiceDown");
  CHECK(first.severity == "critical");
  CHECK(first.service == "time-service");
  CHECK(first.summary == "time-service is down");
  CHECK(first.description == "No answer for a minute.");
  CHECK(first.runbook_url == "http://localhost:5000/runbook#servicedown");
  CHECK(first.labels == std::vector<std::pair<std::string, std::string>>{{"alertname", "ServiceDown"},
                                                                         {"instance", "time-service:5001"},
                                                                         {"job", "time-service"},
                                                                         {"severity", "critical"}});
  const auto& second = read->alerts[1];
  CHECK_FALSE(second.firing);
  CHECK(second.ends_at - second.starts_at == std::chrono::milliseconds{59'500});
}

TEST_CASE("What a rule does not say is missing, and not empty; what is not needed may be missing") {
  auto body = replaced(webhook_of({{}}), R"(,"job":"time-service","severity":"critical")", "");
  body = replaced(body, R"("description":"No answer for a minute.",)", "");
  body = replaced(body, R"("runbook_url":"http://localhost:5000/runbook#servicedown","summary":"time-service is down")",
                  "");
  body = replaced(body, R"("generatorURL":"http://prometheus:9090/graph?g0.expr=up",)", "");
  body = replaced(body, R"(,"truncatedAlerts":0)", "");
  // This leaves a comma before the bracket.
  body = replaced(body, R"("annotations":{},)", R"("annotations":{"other":7},)");
  const auto read = read_alert_webhook(body);
  REQUIRE(read.has_value());
  const auto& only = read->alerts.at(0);
  for (const auto* each : {&only.severity, &only.service, &only.summary, &only.description, &only.runbook_url}) {
    CHECK_FALSE(each->has_value());
  }
  CHECK(read->truncated == 0);
}

TEST_CASE("What is no webhook of version 4 is refused, with the reason") {
  const auto [what, by, fault] = GENERATE(table<std::string, std::string, std::string>({
      {R"("version":"4")", R"("version":"3")", "version is not \"4\""},
      {R"("version":"4")", R"("version":4)", "version is missing or no text"},
      {R"("version":"4",)", "", "version is missing or no text"},
      {R"("groupKey":"{}:{}",)", "", "groupKey is missing or no text"},
      {R"("receiver":"dashboard",)", "", "receiver is missing or no text"},
      {R"("status":"firing","alerts")", R"("status":"maybe","alerts")", "status is neither firing nor resolved"},
      {R"("truncatedAlerts":0)", R"("truncatedAlerts":-1)", "truncatedAlerts is no count"},
      {R"("truncatedAlerts":0)", R"("truncatedAlerts":"0")", "truncatedAlerts is no count"},
      {R"("alerts":[)", R"("alarms":[)", "alerts is missing or no array"},
      {R"("alerts":[{)", R"("alerts":[7,{)", "alerts/0/fingerprint is missing or no text"},
      {R"("alerts":[{"status":"firing")", R"("alerts":[{"status":"pending")", "alerts/0/status is neither firing"},
      {R"("alerts":[{"status":"firing")", R"("alerts":[{"status":"resolved")", "alerts/0/endsAt is no time"},
      {R"(2026-06-01T11:58:00.5Z)", "yesterday", "alerts/0/startsAt is no time as RFC 3339 has it"},
      {R"(,"endsAt":"0001-01-01T00:00:00Z")", "", "alerts/0/endsAt is missing or no text"},
      {R"("fingerprint":"0123456789abcdef")", R"("fingerprint":"")", "alerts/0/fingerprint is empty or too long"},
      {R"("alertname":"ServiceDown",)", "", "alerts/0/labels/alertname is missing"},
      {R"("job":"time-service")", R"("job":{"x":1})", "alerts/0/labels has a value that is no text"},
      {R"("labels":{)", R"("labels":[],"x":{)", "alerts/0/labels is missing or no object"},
      {R"("annotations":{)", R"("notes":{)", "alerts/0/annotations is missing or no object"},
      {R"("summary":"time-service is down")", R"("summary":null)", "alerts/0/annotations/summary is no text"},
  }));
  CAPTURE(what, by);
  const auto read = read_alert_webhook(replaced(webhook_of({{}}), what, by));
  REQUIRE(read.has_error());
  CHECK(read.error().find(fault) == 0);
}

TEST_CASE("What is no JSON object is refused") {
  const std::string body =
      GENERATE("", "{", "[]", "null", "7", "\"4\"", "{}", "{\"version\":\"4\"}", "\xFF\xFE", "{\"version\":\"4\"}{}");
  CAPTURE(body);
  CHECK(read_alert_webhook(body).has_error());
  CHECK(read_alert_webhook(std::string(100'000, '[')).has_error());
}

TEST_CASE("The second alert is named when it is the one that is wrong") {
  const auto read = read_alert_webhook(webhook_of({{}, {.fingerprint = "b", .starts_at = "x"}, {.starts_at = "y"}}));
  REQUIRE(read.has_error());
  CHECK(read.error().find("alerts/1/startsAt") == 0);
}

TEST_CASE("Long texts end in an ellipsis, between two characters, and the alert is kept") {
  std::string long_text;
  while (long_text.size() <= alert_limits::description) long_text += "\xC3\xBC";  // ü
  const auto read = read_alert_webhook(webhook_of({{.description = long_text}}));
  REQUIRE(read.has_value());
  CHECK(read->shortened == 1);
  const auto& kept = *read->alerts.at(0).description;
  CHECK(kept.size() <= alert_limits::description);
  CHECK(kept.size() > alert_limits::description - 5);
  CHECK(kept.ends_with("\xC3\xBC\xE2\x80\xA6"));

  const std::string just_fits(alert_limits::description, 'x');
  const auto whole = read_alert_webhook(webhook_of({{.description = just_fits}}));
  REQUIRE(whole.has_value());
  CHECK(whole->shortened == 0);
  CHECK(whole->alerts.at(0).description == just_fits);
}

TEST_CASE("Labels are bounded in number and length; those with a meaning are read all the same") {
  std::string many;
  for (int i = 0; i < 100; ++i) many += "\"l" + std::to_string(i) + "\":\"v\",";
  many += "\"last\":\"" + std::string(2000, 'x') + "\"";
  const auto read = read_alert_webhook(with_labels(many));
  REQUIRE(read.has_value());
  const auto& only = read->alerts.at(0);
  CHECK(only.labels.size() == alert_limits::labels);
  CHECK(only.severity == "critical");
  CHECK(read->shortened == 104 + 1 - alert_limits::labels);

  const auto names =
      read_alert_webhook(with_labels("\"" + std::string(300, 'n') + "\":\"" + std::string(900, 'v') + "\""));
  REQUIRE(names.has_value());
  CHECK(names->shortened == 2);
  CHECK(names->alerts.at(0).labels.at(1).first.size() == alert_limits::label_name);
  CHECK(names->alerts.at(0).labels.at(1).second.size() == alert_limits::label_value);
}

TEST_CASE("Half a link would lead nowhere, so a long one is left out; a long fingerprint is refused") {
  const auto link = "http://localhost:5000/runbook#" + std::string(alert_limits::runbook_url, 'x');
  const auto read = read_alert_webhook(replaced(webhook_of({{}}), "http://localhost:5000/runbook#servicedown", link));
  REQUIRE(read.has_value());
  CHECK_FALSE(read->alerts.at(0).runbook_url.has_value());
  CHECK(read->shortened == 1);
  CHECK(read_alert_webhook(webhook_of({{.fingerprint = std::string(65, 'f')}})).has_error());
  CHECK(read_alert_webhook(webhook_of({{.fingerprint = std::string(64, 'f')}})).has_value());
}

TEST_CASE("What an alert takes is the sum of its texts") {
  const auto read = read_alert_webhook(webhook_of({{}}));
  REQUIRE(read.has_value());
  auto one = read->alerts.at(0);
  const auto bytes = one.text_bytes();
  one.description->append(100, 'x');
  one.labels.emplace_back("12345", "678");
  CHECK(one.text_bytes() == bytes + 108);
  CHECK(bytes > 200);
}

}  // namespace
}  // namespace cohort
