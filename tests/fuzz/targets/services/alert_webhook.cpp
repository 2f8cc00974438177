// SPDX-License-Identifier: BSL-1.0
// Fuzzes the bodies of Alertmanager's webhook, and their timestamps.
#include "services/dashboard/alerts/alert_webhook.hpp"

#include <cohort/json/description/text_format.hpp>
#include <cohort/json/parser.hpp>
#include "services/dashboard/alerts/alert_store.hpp"
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::alert_webhook_target {
namespace {

using dashboard::alert_limits;

bool is_limited(const std::optional<std::string>& text, std::size_t max_bytes) {
  return !text || text->size() <= max_bytes;
}

void check_alert(const dashboard::alert& alert) {
  require(!alert.fingerprint.empty() && alert.fingerprint.size() <= alert_limits::fingerprint,
          "the length of a fingerprint is limited");
  require(!alert.name.empty() && alert.name.size() <= alert_limits::label_value, "the length of a name is limited");
  require(is_limited(alert.severity, alert_limits::label_value), "the length of a severity is limited");
  require(is_limited(alert.service, alert_limits::label_value), "the length of a service name is limited");
  require(is_limited(alert.summary, alert_limits::summary), "the length of a summary is limited");
  require(is_limited(alert.description, alert_limits::description), "the length of a description is limited");
  require(is_limited(alert.runbook_url, alert_limits::runbook_url), "the length of a runbook URL is limited");
  require(alert.labels.size() <= alert_limits::labels, "the number of labels is limited");
  for (const auto& [name, value] : alert.labels) {
    require(name.size() <= alert_limits::label_name && value.size() <= alert_limits::label_value,
            "the length of a label is limited");
  }
}

/// Returns the response of `GET /api/alerts` after this webhook, or the error if it is invalid.
std::string alerts_response(std::string_view body) {
  auto webhook = dashboard::parse_alert_webhook(body);
  if (!webhook) {
    require(!webhook.error().empty(), "an error has a message");
    return webhook.error();
  }
  for (const auto& alert : webhook->alerts) check_alert(alert);
  dashboard::alert_store store;
  const auto counts = store.update(std::move(*webhook), time_point{});
  auto alerts = alerts_json(store.read(time_point{}), wall_time{});
  require(json::is_object(alerts), "a response is a JSON object");
  require(counts.firing <= body.size(), "the counts do not exceed the size of the body");
  return alerts;
}

void run(std::string_view input) {
  const auto alerts = alerts_response(input);
  const auto minified_text = json::minify(input);
  if (!minified_text.empty())
    require(alerts_response(minified_text) == alerts, "whitespace does not change the result");
  const auto time = json::parse_timestamp(input);
  require(!time || json::parse_timestamp(json::format_timestamp(*time)) == time,
          "a formatted timestamp is parsed to the same time");
}

const registration fuzz_registration{{"alert_webhook", run}};

}  // namespace
}  // namespace cohort::fuzz::alert_webhook_target
