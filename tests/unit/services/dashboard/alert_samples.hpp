// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

// Sample bodies of Alertmanager's webhook.
namespace cohort::test {

struct alert_sample {
  std::string name = "ServiceDown";
  std::string fingerprint = "0123456789abcdef";
  std::string severity = "critical";
  std::string status = "firing";
  std::string starts_at = "2026-06-01T11:58:00.5Z";
  std::string ends_at = "0001-01-01T00:00:00Z";
  std::string description = "No response for one minute.";
};

inline std::string alert_json(const alert_sample& alert) {
  return R"({"status":")" + alert.status + R"(","labels":{"alertname":")" + alert.name +
         R"(","instance":"time-service:5001","job":"time-service","severity":")" + alert.severity +
         R"("},"annotations":{"description":")" + alert.description +
         R"(","runbook_url":"http://localhost:5000/runbook#)" +
         R"(servicedown","summary":"time-service is down"},"startsAt":")" + alert.starts_at + R"(","endsAt":")" +
         alert.ends_at + R"(","generatorURL":"http://prometheus:9090/graph?g0.expr=up","fingerprint":")" +
         alert.fingerprint + R"("})";
}

inline std::string webhook_body(std::initializer_list<alert_sample> alerts, int truncated = 0) {
  std::string list;
  for (const auto& alert : alerts) list += (list.empty() ? "" : ",") + alert_json(alert);
  return R"({"receiver":"dashboard","status":"firing","alerts":[)" + list +
         R"(],"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alertmanager:9093",)" +
         R"("version":"4","groupKey":"{}:{}","truncatedAlerts":)" + std::to_string(truncated) + "}";
}

inline alert_sample watchdog(std::string status = "firing") {
  return {.name = "Watchdog",
          .fingerprint = "aaaaaaaaaaaaaaaa",
          .severity = "none",
          .status = std::move(status),
          .ends_at = "2026-06-01T12:00:00Z"};
}

}  // namespace cohort::test
