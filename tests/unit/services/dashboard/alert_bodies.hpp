#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

// Webhooks as Alertmanager sends them.
namespace cohort::test {

struct told_alert {
  std::string name = "ServiceDown";
  std::string fingerprint = "0123456789abcdef";
  std::string severity = "critical";
  std::string status = "firing";
  std::string starts_at = "2026-06-01T11:58:00.5Z";
  std::string ends_at = "0001-01-01T00:00:00Z";
  std::string description = "No answer for a minute.";
};

inline std::string json_of(const told_alert& of) {
  return R"({"status":")" + of.status + R"(","labels":{"alertname":")" + of.name +
         R"(","instance":"time-service:5001","job":"time-service","severity":")" + of.severity +
         R"("},"annotations":{"description":")" + of.description +
         R"(","runbook_url":"http://localhost:5000/runbook#)" +
         R"(servicedown","summary":"time-service is down"},"startsAt":")" + of.starts_at + R"(","endsAt":")" +
         of.ends_at + R"(","generatorURL":"http://prometheus:9090/graph?g0.expr=up","fingerprint":")" + of.fingerprint +
         R"("})";
}

inline std::string webhook_of(std::initializer_list<told_alert> alerts, int truncated = 0) {
  std::string list;
  for (const auto& each : alerts) list += (list.empty() ? "" : ",") + json_of(each);
  return R"({"receiver":"dashboard","status":"firing","alerts":[)" + list +
         R"(],"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://alertmanager:9093",)" +
         R"("version":"4","groupKey":"{}:{}","truncatedAlerts":)" + std::to_string(truncated) + "}";
}

inline told_alert watchdog(std::string status = "firing") {
  return {.name = "Watchdog",
          .fingerprint = "aaaaaaaaaaaaaaaa",
          .severity = "none",
          .status = std::move(status),
          .ends_at = "2026-06-01T12:00:00Z"};
}

}  // namespace cohort::test
