// SPDX-License-Identifier: BSL-1.0
#include "services/dashboard/alerts/alert_webhook.hpp"

#include <cohort/json/description/text_format.hpp>
#include <cohort/json/parser.hpp>

namespace cohort::dashboard {
namespace {

/// A value or an error. Member access on an error returns the same error.
using node = simdjson::simdjson_result<simdjson::dom::element>;

/// Parses a webhook. Continues after an error; `error` is the first error that was found.
class webhook_parser {
 public:
  alert_webhook parse(node root) {
    alert_webhook webhook;
    if (text(root, "version") != "4") report("version is not \"4\"");
    text(root, "groupKey");
    text(root, "receiver");
    is_firing(root);
    // Alertmanager 0.21 and later send this field.
    const auto truncated = root["truncatedAlerts"].get(webhook.truncated);
    if (truncated != simdjson::SUCCESS && truncated != simdjson::NO_SUCH_FIELD)
      report("truncatedAlerts is not a non-negative integer");
    simdjson::dom::array alerts;
    if (root["alerts"].get(alerts) != simdjson::SUCCESS) {
      report("alerts is missing or not an array");
      return webhook;
    }
    for (const auto element : alerts) {
      path_ = "alerts/" + std::to_string(webhook.alerts.size()) + "/";
      webhook.alerts.push_back(parse_alert(simdjson::dom::element{element}));
    }
    webhook.shortened = shortened_count_;
    return webhook;
  }
  /// The first error; empty if there was none.
  const std::string& error() const { return error_; }

 private:
  alert parse_alert(node source) {
    alert alert;
    alert.fingerprint = text(source, "fingerprint");
    if (alert.fingerprint.empty() || alert.fingerprint.size() > alert_limits::fingerprint) {
      report("fingerprint is empty or longer than " + std::to_string(alert_limits::fingerprint) + " bytes");
    }
    alert.firing = is_firing(source);
    alert.starts_at = timestamp(source, "startsAt");
    // The end time of a firing alert is in the year 1.
    if (alert.firing) {
      text(source, "endsAt");
    } else {
      alert.ends_at = timestamp(source, "endsAt");
    }
    parse_labels(source["labels"], alert);
    if (alert.name.empty()) report("labels/alertname is missing");
    parse_annotations(source["annotations"], alert);
    return alert;
  }

  void parse_labels(node source, alert& alert) {
    simdjson::dom::object labels;
    if (source.get(labels) != simdjson::SUCCESS) return report("labels is missing or not an object");
    for (const auto label : labels) {
      std::string_view text;
      if (label.value.get(text) != simdjson::SUCCESS) report("labels has a value that is not a string");
      auto value = shorten(text, alert_limits::label_value);
      if (label.key == "alertname") alert.name = value;
      if (label.key == "severity") alert.severity = value;
      if (label.key == "job") alert.service = value;
      if (alert.labels.size() < alert_limits::labels) {
        alert.labels.emplace_back(shorten(label.key, alert_limits::label_name), std::move(value));
      } else {
        ++shortened_count_;
      }
    }
  }

  void parse_annotations(node source, alert& alert) {
    if (!source.is_object()) report("annotations is missing or not an object");
    alert.summary = annotation(source, "summary", alert_limits::summary);
    alert.description = annotation(source, "description", alert_limits::description);
    alert.runbook_url = annotation(source, "runbook_url", std::string_view::npos);
    if (alert.runbook_url && alert.runbook_url->size() > alert_limits::runbook_url) {
      alert.runbook_url.reset();
      ++shortened_count_;
    }
  }

  std::optional<std::string> annotation(node annotations, const char* name, std::size_t max_bytes) {
    std::string_view value;
    const auto error = annotations[name].get(value);
    if (error == simdjson::NO_SUCH_FIELD) return std::nullopt;
    if (error != simdjson::SUCCESS) report(std::string{"annotations/"} + name + " is not a string");
    return shorten(value, max_bytes);
  }

  std::string shorten(std::string_view text, std::size_t max_bytes) {
    constexpr std::string_view ellipsis = "\xE2\x80\xA6";
    if (text.size() <= max_bytes) return std::string{text};
    ++shortened_count_;
    auto end = max_bytes - ellipsis.size();
    // Truncates at the start of a character: continuation bytes are 10xxxxxx.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
    return std::string{text.substr(0, end)}.append(ellipsis);
  }

  bool is_firing(node source) {
    const auto status = text(source, "status");
    if (status != "firing" && status != "resolved") report("status is neither firing nor resolved");
    return status == "firing";
  }
  wall_time timestamp(node source, const char* name) {
    const auto parsed = json::parse_timestamp(text(source, name));
    if (!parsed) report(std::string{name} + " is not an RFC 3339 timestamp");
    return parsed.value_or(wall_time{});
  }
  std::string_view text(node source, const char* name) {
    std::string_view value;
    if (source[name].get(value) != simdjson::SUCCESS) report(std::string{name} + " is missing or not a string");
    return value;
  }
  void report(const std::string& error) {
    if (error_.empty()) error_ = path_ + error;
  }

  std::string path_;  // name of the current alert
  std::string error_;
  std::size_t shortened_count_ = 0;
};

}  // namespace

std::size_t alert::text_bytes() const noexcept {
  const auto length = [](const std::optional<std::string>& text) { return text ? text->size() : 0; };
  auto sum = fingerprint.size() + name.size() + length(severity) + length(service) + length(summary) +
             length(description) + length(runbook_url);
  for (const auto& [label, value] : labels) sum += label.size() + value.size();
  return sum;
}

result<alert_webhook, std::string> parse_alert_webhook(std::string_view body) {
  webhook_parser parser;
  auto webhook = json::parse(
      body, [&](simdjson::dom::element root) -> result<alert_webhook> { return parser.parse(std::move(root)); });
  if (!webhook) return std::string{"body is not JSON"};
  if (!parser.error().empty()) return parser.error();
  return std::move(*webhook);
}

}  // namespace cohort::dashboard
