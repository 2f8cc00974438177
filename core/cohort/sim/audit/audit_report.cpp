// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstdio>

#include <cohort/json/writer.hpp>
#include <cohort/sim/audit/audit_text.hpp>
#include <cohort/sim/audit/deadline_audit.hpp>

namespace cohort::sim {
namespace {

std::string cell(const time_quantiles& times) {
  if (times.count == 0) return "-";
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.1f / %.1f", to_milliseconds(times.p50), to_milliseconds(times.p99));
  return text.data();
}

std::string name_of(const std::string& service, const std::string& route, const std::string& upstream) {
  auto name = service;
  if (!route.empty()) name.append(" ").append(route);
  if (!upstream.empty()) name.append(" -> ").append(upstream);
  return name;
}

void write_times(json::writer& out, std::string_view name, const time_quantiles& times) {
  out.key(name).open_object().field("count", times.count);
  out.key("p50_ms").fixed(to_milliseconds(times.p50), 3);
  out.key("p99_ms").fixed(to_milliseconds(times.p99), 3);
  out.key("max_ms").fixed(to_milliseconds(times.max), 3).close_object();
}

}  // namespace

std::string audit_time(duration span) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g ms", to_milliseconds(span));
  return text.data();
}

std::string audit_report::text() const {
  std::string text;
  std::array<char, 256> line{};
  const auto add_line = [&](const char* name, const char* calls, const char* timeouts, const char* given,
                            const char* used, const char* needed) {
    std::snprintf(line.data(), line.size(), "%-62s %7s %8s  %18s  %18s  %18s\n", name, calls, timeouts, given, used,
                  needed);
    text += line.data();
  };
  add_line("p50 / p99 in ms", "number", "timeouts", "given", "used", "needed");
  for (const auto& row : budgets) {
    add_line(name_of(row.service, row.route, row.upstream).c_str(), std::to_string(row.used.count).c_str(),
             std::to_string(row.timeouts).c_str(), cell(row.given).c_str(), cell(row.used).c_str(),
             cell(row.needed).c_str());
  }
  text += findings.empty() ? "\nno findings\n" : "\n";
  for (const auto& found : findings) {
    text.append(to_string(found.kind)).append(": ").append(name_of(found.service, found.route, found.upstream));
    text.append(": ").append(found.description).append(" (").append(std::to_string(found.count)).append(" times)\n");
  }
  return text;
}

std::string audit_report::json() const {
  std::string text;
  json::writer out{text};
  out.open_object().key("budgets").open_array();
  for (const auto& row : budgets) {
    out.open_object().field("service", row.service).field("route", row.route).field("upstream", row.upstream);
    out.field("timeouts", row.timeouts);
    write_times(out, "given", row.given);
    write_times(out, "used", row.used);
    write_times(out, "needed", row.needed);
    out.close_object();
  }
  out.close_array().key("findings").open_array();
  for (const auto& found : findings) {
    out.open_object().field("kind", to_string(found.kind)).field("service", found.service);
    out.field("route", found.route).field("upstream", found.upstream).field("count", found.count);
    out.field("description", found.description).close_object();
  }
  out.close_array().close_object();
  return text;
}

}  // namespace cohort::sim
