// SPDX-License-Identifier: BSL-1.0
#include "simulation/alerts/evaluation.hpp"

#include <algorithm>
#include <array>

namespace cohort::simulation::alerts {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view short_run_reason = "its windows are several hours, longer than the incidents";
constexpr std::string_view missing_database_reason = "the fleet has no database";
constexpr std::string_view unsimulated_reason = "Prometheus and Alertmanager themselves are not simulated";
constexpr std::string_view real_process_reason = "its metrics (memory and descriptors) describe a real process";

const std::map<std::string_view, std::string_view> unevaluated_alerts{
    {"AlertmanagerDown", unsimulated_reason},
    {"AlertmanagerNotificationsFailing", unsimulated_reason},
    {"ConnectionsNearLimit", "the connection limit depends on the file descriptors of a real process"},
    {"DatabaseCallsShed", missing_database_reason},
    {"DatabaseFailing", missing_database_reason},
    {"ErrorBudgetBurnSlow", short_run_reason},
    {"EventLoopStalls", "its watchdog is a thread on the real clock"},
    {"FileDescriptorsNearLimit", real_process_reason},
    {"HighMemoryUsage", real_process_reason},
    {"LogLinesDropped", "the simulation discards log lines"},
    {"MemoryNearLimit", real_process_reason},
    {"PrometheusDown", unsimulated_reason},
    {"PrometheusNotificationsFailing", unsimulated_reason},
    {"PrometheusRuleFailures", unsimulated_reason},
    {"ProxyTunnelsRejected", "the callers open no WebSockets"},
    {"SettingReloadFailed", "it requires changes of setting files"},
    {"SloMetricsAbsent", "it detects missing or renamed metrics, not incidents"},
    {"TelemetryDropped", "the fleet has no collector"},
    {"TlsCertificateExpiring", "it requires a certificate and a run of several days"},
    {"Watchdog", "it always fires"},
};

bool matches(const firing& candidate, const expected_alert& expected) {
  return candidate.alert == expected.name && candidate.labels.find(expected.label) != std::string::npos;
}

/// Returns the first firing during the fault; null if there is none.
const firing* find_detection(const incident_run& entry, const expected_alert& expected) {
  const firing* first = nullptr;
  for (const auto& candidate : entry.firings) {
    if (!matches(candidate, expected) || candidate.start < entry.run.fault_start ||
        candidate.start > entry.run.fault_end)
      continue;
    if (!first || candidate.start < first->start) first = &candidate;
  }
  return first;
}

void evaluate_incident(const incident_run& entry, std::map<std::string, alert_statistics>& statistics) {
  for (const auto& expected : entry.run.expected) {
    auto& alert = statistics[expected.name];
    ++alert.expected_count;
    if (const auto* const found = find_detection(entry, expected)) {
      alert.detection_times.push_back(found->start - entry.run.fault_start);
    } else {
      ++alert.missed_count;
    }
  }
  std::set<std::string> fired_names;
  std::map<std::pair<std::string, std::string>, std::size_t> firing_counts;
  for (const auto& candidate : entry.firings) {
    if (candidate.start < entry.run.fault_start) {
      ++statistics[candidate.alert].false_alarm_count;
      continue;
    }
    fired_names.insert(candidate.alert);
    ++firing_counts[{candidate.alert, candidate.labels}];
  }
  std::set<std::string> flapping_alerts;
  for (const auto& [series, count] : firing_counts) {
    if (count > 1) flapping_alerts.insert(series.first);
  }
  for (const auto& name : flapping_alerts) ++statistics[name].flapping_incident_count;
  for (const auto& name : fired_names) {
    const auto& expected = entry.run.expected;
    const bool is_expected =
        std::any_of(expected.begin(), expected.end(), [&](const auto& each) { return each.name == name; });
    if (!is_expected) ++statistics[name].unexpected_incident_count;
  }
}

std::string format_detection_time(std::optional<duration> span) {
  if (!span) return "–";
  return std::to_string(std::chrono::round<std::chrono::seconds>(*span).count()) + " s";
}

std::string row(std::initializer_list<std::string> cells) {
  std::string text = "|";
  for (const auto& cell : cells) text.append(" ").append(cell).append(" |");
  return text + "\n";
}

std::string alert_table(const std::map<std::string, alert_statistics>& statistics, std::size_t incident_count,
                        std::size_t quiet_hours) {
  std::string text = row({"Alert", "Incidents", "Missed", "Detection time, p50", "p90", "Flapping",
                          "False alarms in " + std::to_string(quiet_hours) + " quiet hours",
                          "Other incidents of " + std::to_string(incident_count)});
  text += "|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const auto& [name, alert] : statistics) {
    text += row({"`" + name + "`", std::to_string(alert.expected_count), std::to_string(alert.missed_count),
                 format_detection_time(alert.detection_time(0.5)), format_detection_time(alert.detection_time(0.9)),
                 std::to_string(alert.flapping_incident_count), std::to_string(alert.false_alarm_count),
                 std::to_string(alert.unexpected_incident_count)});
  }
  return text;
}

std::string kind_table(const std::vector<incident_run>& runs) {
  std::string text =
      row({"Incident", "Runs", "Runs without an expected alert", "Time to the first alert, p50", "p90"}) +
      "|---|--:|--:|--:|--:|\n";
  for (const auto& kind : incident_kinds()) {
    std::size_t count = 0;
    alert_statistics first;
    for (const auto& entry : runs) {
      if (entry.run.kind != kind.name) continue;
      ++count;
      std::optional<duration> earliest;
      for (const auto& expected : entry.run.expected) {
        const auto* const found = find_detection(entry, expected);
        if (found && (!earliest || found->start - entry.run.fault_start < *earliest))
          earliest = found->start - entry.run.fault_start;
      }
      if (earliest) first.detection_times.push_back(*earliest);
    }
    if (count == 0) continue;
    text += row({std::string{kind.name} + ": " + std::string{kind.description}, std::to_string(count),
                 std::to_string(count - first.detection_times.size()), format_detection_time(first.detection_time(0.5)),
                 format_detection_time(first.detection_time(0.9))});
  }
  return text;
}

std::string unevaluated_alerts_table(const rule_files& rules) {
  std::map<std::string_view, std::string> names_by_reason;
  for (const auto& alert : rules.alerts()) {
    const auto reason = reason_not_evaluated(alert);
    if (reason.empty()) continue;
    auto& names = names_by_reason[reason];
    names.append(names.empty() ? "" : ", ").append("`").append(alert).append("`");
  }
  std::string text = row({"Not evaluated", "Reason"}) + "|---|---|\n";
  for (const auto& [reason, names] : names_by_reason) text += row({names, std::string{reason}});
  return text;
}

}  // namespace

std::optional<duration> alert_statistics::detection_time(double probability) const {
  if (detection_times.empty()) return std::nullopt;
  auto sorted = detection_times;
  std::sort(sorted.begin(), sorted.end());
  const auto rank = static_cast<std::size_t>(probability * static_cast<double>(sorted.size()));
  return sorted[std::min(rank, sorted.size() - 1)];
}

std::string_view reason_not_evaluated(std::string_view alert) {
  const auto found = unevaluated_alerts.find(alert);
  return found == unevaluated_alerts.end() ? std::string_view{} : found->second;
}

std::set<std::string> evaluated_alerts(const rule_files& rules) {
  std::set<std::string> evaluated_names;
  for (const auto& alert : rules.alerts()) {
    if (reason_not_evaluated(alert).empty()) evaluated_names.insert(alert);
  }
  return evaluated_names;
}

std::map<std::string, alert_statistics> evaluate(const std::vector<incident_run>& runs, const rule_files& rules) {
  std::map<std::string, alert_statistics> statistics;
  for (const auto& alert : rules.alerts()) statistics[alert];
  for (const auto& entry : runs) {
    if (entry.run.is_quiet()) {
      for (const auto& candidate : entry.firings) ++statistics[candidate.alert].false_alarm_count;
    } else {
      evaluate_incident(entry, statistics);
    }
  }
  std::erase_if(statistics, [](const auto& entry) { return !reason_not_evaluated(entry.first).empty(); });
  return statistics;
}

std::string render_tables(const std::vector<incident_run>& runs, const rule_files& rules, const std::string& command) {
  const auto quiet = static_cast<std::size_t>(
      std::count_if(runs.begin(), runs.end(), [](const auto& entry) { return entry.run.is_quiet(); }));
  return alert_table(evaluate(runs, rules), runs.size() - quiet, quiet) + "\n" + kind_table(runs) + "\n" +
         unevaluated_alerts_table(rules) + "\n`" + command + "`\n";
}

std::string render_runs(const std::vector<incident_run>& runs) {
  std::string text;
  for (const auto& [run, firings] : runs) {
    text += run.kind + ", seed " + std::to_string(run.seed) + ", from " + format_detection_time(run.fault_start) +
            " to " + format_detection_time(run.fault_end) + ": " + run.description + "\n";
    for (const auto& candidate : firings) {
      text += "  " + format_detection_time(candidate.start) + " to " + format_detection_time(candidate.end) + " " +
              candidate.alert + "{" + candidate.labels + "}\n";
    }
    for (const auto& expected : run.expected) {
      if (!find_detection({run, firings}, expected))
        text += "  missed: " + expected.name + "{" + expected.label + "}\n";
    }
  }
  return text;
}

}  // namespace cohort::simulation::alerts
