// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include <cohort/runtime/time/date_format.hpp>
#include <cohort/runtime/version.hpp>
#include "loadgen/report/html/markup.hpp"
#include "loadgen/report/html/sections.hpp"
#include "loadgen/report/report_formats.hpp"
#include "loadgen/results/format.hpp"
#include "loadgen/results/run_summary.hpp"

namespace cohort::loadgen {
namespace {

using html::emphasize;
using html::escape;
using html::markup;
using html::table;
using html::text;

struct verdict_style {
  std::string_view css_class;
  std::string_view icon_path;
};

verdict_style style_of(verdict_kind kind) {
  switch (kind) {
    case verdict_kind::passed: return {"good", "M5 12.5l4.5 4.5L19 7.5"};
    case verdict_kind::objective_failed: return {"bad", "M6.5 6.5l11 11M17.5 6.5l-11 11"};
    case verdict_kind::interrupted: return {"warn", "M9 6v12M15 6v12"};
    case verdict_kind::invalid: return {"bad", "M12 4L2.5 20h19zM12 10v4.5M12 17.3v.2"};
    case verdict_kind::regression: return {"bad", "M3 7l6 6 4-4 8 8M21 11v6h-6"};
  }
  return {};
}

std::string describe_targets(const run_report& report) {
  return report.targets.size() == 1 ? report.targets[0].name : format_count(report.targets.size()) + " targets";
}

std::string start_time_element(const run_report& report) {
  return "<time datetime=\"" + format_rfc3339_milliseconds(report.start_time).str() + "\">" +
         format_date_time(report.start_time) + "</time>";
}

markup result_cell(const objective_result& result) {
  if (result.is_met) return emphasize("good", "✓ met");
  const bool is_unproven = result.is_lower_bound && result.value < result.definition.limit;
  return emphasize("bad", is_unproven ? "✗ not proven" : "✗ missed");
}

std::string objectives_table(const run_verdict& verdict) {
  if (verdict.objectives.empty()) return {};
  table rows{{{"objective", table::content::text}, {"measured"}, {"", table::content::text}}};
  for (const auto& result : verdict.objectives) {
    rows.add({{"<code>" + escape(result.definition.text) + "</code>"},
              text((result.is_lower_bound ? "≥ " : "") + format_value(result.definition, result.value)),
              result_cell(result)});
  }
  return rows.html();
}

std::string header(const run_report& report) {
  const auto style = style_of(report.verdict.kind);
  std::string html = "<header>\n<p class=\"kicker\">loadgen " + std::string{version()} + ", " +
                     start_time_element(report) + "</p>\n<h1>" + escape(report.mode) + "</h1>\n<p class=\"lead\">" +
                     escape(describe_load(report) + ", " + describe_targets(report)) + "</p>\n<div class=\"verdict " +
                     std::string{style.css_class} + "\">" + html::icon(style.icon_path) + "<div><strong>" +
                     std::string{report.verdict.word()} + "</strong>";
  for (const auto& reason : report.verdict.reasons) html += "<p>" + escape(reason) + "</p>";
  for (const auto& hint : report.verdict.hints) html += "<p>" + escape(hint) + "</p>";
  return html + objectives_table(report.verdict) + "</div></div>\n</header>\n";
}

std::string tile(std::string_view name, const std::string& value, const std::string& subtitle) {
  return "<div><dt>" + escape(name) + "</dt><dd>" + escape(value) + "<small>" + escape(subtitle) +
         "</small></dd></div>\n";
}

std::string latency_tile(std::string_view name, const run_report& report, double percent) {
  return tile(name, format_percentile(report.totals.response_time, percent),
              "service " + format_percentile(report.totals.service_time, percent));
}

std::string rate_tile(const run_report& report) {
  const auto length = load_duration(report);
  return tile("Rate sent", length > duration{} ? format_number(per_second(report.totals.sent, length)) + "/s" : "–",
              report.is_closed_loop() ? "closed loop" : "of " + format_number(*report.planned_rate) + "/s planned");
}

std::string goodput_or_bytes_tile(const run_report& report) {
  const auto& stats = report.totals;
  const auto limit = report.goodput_limit();
  if (!limit) {
    return tile("Received", format_bytes(static_cast<double>(stats.bytes_received)),
                "over " + format_count(stats.connections_opened) + " connections");
  }
  const auto total = total_count(stats.outcomes);
  return tile("Goodput", total == 0 ? "–" : format_percentage(stats.on_time, total),
              "successes within " + format_duration(*limit));
}

std::string attempts_tile(const run_report& report) {
  if (!report.has_callers()) return {};
  const auto& stats = report.totals;
  const auto patience = report.callers.patience;
  return tile(
      "Attempts", format_fixed(stats.amplification(), 2) + " per request",
      format_count(stats.planned + stats.retries) + " in total" +
          (patience ? ", " + format_count(stats.abandoned) + " abandoned after " + format_duration(*patience) : ""));
}

std::string summary_tiles(const run_report& report) {
  const auto& stats = report.totals;
  const auto total = total_count(stats.outcomes);
  const auto sent = format_count(stats.sent) + " sent";
  std::string html = "<dl class=\"tiles\">\n";
  html += tile("Requests", format_count(total),
               report.is_closed_loop() ? sent : format_count(stats.planned) + " planned, " + sent);
  html += tile("Success", total == 0 ? "–" : format_percentage(success_count(stats.outcomes), total),
               format_count(stats.failure_count()) + " failed");
  html += rate_tile(report);
  html += tile("Duration", format_seconds(report.run_duration), format_seconds(report.planned_duration) + " planned");
  html += latency_tile("Response p50", report, 50) + latency_tile("Response p99", report, 99) +
          latency_tile("Response max", report, 100) + goodput_or_bytes_tile(report) + attempts_tile(report);
  return html + "</dl>\n";
}

std::string settings_section(const run_report& report) {
  if (report.fingerprint.empty()) return {};
  std::string html = "<dl class=\"facts\">";
  for (const auto& [name, value] : report.fingerprint) {
    html += "<div><dt>" + escape(name) + "</dt><dd>" + escape(value) + "</dd></div>";
  }
  return html::section("Settings", "Only runs with the same settings are comparable.", html + "</dl>\n");
}

std::string head(const run_report& report) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>";
  html += std::string{report.verdict.word()} + ": " + escape(report.mode) + ", loadgen</title>\n<style>\n";
  return html.append(html::style_sheet()).append("</style>\n</head>\n");
}

std::string side_by_side(const std::string& left, const std::string& right) {
  return left.empty() && right.empty() ? "" : "<div class=\"pair\">\n" + left + right + "</div>\n";
}

}  // namespace

std::string render_html_report(const run_report& report) {
  std::string page = head(report) + "<body>\n" + header(report) + "<main>\n" + summary_tiles(report);
  page += html::knee_chart(report) + html::baseline_table(report);
  page += html::latency_over_time(report) + html::requests_over_time(report);
  page += side_by_side(html::latency_histogram(report), html::percentile_curve(report));
  page += html::failures_by_outcome(report) + html::targets_table(report) + html::phases_table(report) +
          html::server_tables(report);
  page += side_by_side(html::generator_table(report), settings_section(report));
  return page + html::glossary(report) + "</main>\n</body>\n</html>\n";
}

}  // namespace cohort::loadgen
