#include <algorithm>

#include "loadgen/figures.hpp"
#include "loadgen/headline.hpp"
#include "loadgen/html_sections.hpp"
#include "loadgen/markup.hpp"
#include "loadgen/outputs.hpp"

namespace cohort::loadgen {
namespace {

using html::escaped;
using html::markup;
using html::table;
using html::text;

struct appearance {
  std::string_view style;
  std::string_view drawing;
};

appearance appearance_of(verdict_kind kind) {
  switch (kind) {
    case verdict_kind::passed: return {"good", "M5 12.5l4.5 4.5L19 7.5"};
    case verdict_kind::objective_failed: return {"bad", "M6.5 6.5l11 11M17.5 6.5l-11 11"};
    case verdict_kind::interrupted: return {"warn", "M9 6v12M15 6v12"};
    case verdict_kind::invalid: return {"bad", "M12 4L2.5 20h19zM12 10v4.5M12 17.3v.2"};
    case verdict_kind::regression: return {"bad", "M3 7l6 6 4-4 8 8M21 11v6h-6"};
  }
  return {};
}

std::string targets_text(const report& of) {
  return of.targets.size() == 1 ? of.targets[0].name : count_text(of.targets.size()) + " targets";
}

std::string started_markup(const report& of) {
  return "<time datetime=\"" + utc_text(of.started) + "\">" + date_text(of.started) + "</time>";
}

std::string was_text(const objective_result& one) {
  const auto was = describe(one.wanted, one.was);
  return one.lower_bound && !was.starts_with("≥") ? "≥ " + was : was;
}

std::string objectives_table(const verdict& of) {
  if (of.objectives.empty()) return {};
  table rows{{{"objective", table::align::words}, {"was"}, {"", table::align::words}}};
  for (const auto& each : of.objectives) {
    const bool unknown = each.lower_bound && each.was < each.wanted.limit;
    const std::string missed = unknown ? "<b class=\"bad\">✗ not shown to hold</b>" : "<b class=\"bad\">✗ missed</b>";
    rows.add({{"<code>" + escaped(each.wanted.text) + "</code>"},
              text(was_text(each)),
              {each.held ? "<b class=\"good\">✓ held</b>" : missed}});
  }
  return rows.html();
}

std::string headline(const report& of) {
  const auto look = appearance_of(of.outcome.kind);
  std::string out = "<header>\n<p class=\"kicker\">loadgen " COHORT_VERSION ", " + started_markup(of) + "</p>\n<h1>" +
                    escaped(of.mode) + "</h1>\n<p class=\"lead\">" + escaped(load_text(of) + ", " + targets_text(of)) +
                    "</p>\n<div class=\"verdict " + std::string{look.style} + "\">" + html::icon(look.drawing) +
                    "<div><strong>" + std::string{of.outcome.word()} + "</strong>";
  for (const auto& reason : of.outcome.reasons) out += "<p>" + escaped(reason) + "</p>";
  return out + objectives_table(of.outcome) + "</div></div>\n</header>\n";
}

std::string tile(std::string_view name, const std::string& figure, const std::string& beside) {
  return "<div><dt>" + escaped(name) + "</dt><dd>" + escaped(figure) + "<small>" + escaped(beside) +
         "</small></dd></div>\n";
}

std::string latency_tile(std::string_view name, const report& of, double percent) {
  return tile(name, percentile_text(of.all.response, percent), "service " + percentile_text(of.all.service, percent));
}

std::string rate_tile(const report& of) {
  const auto length = load_length(of);
  return tile("Rate sent", length > duration{} ? rate_text(per_second(of.all.sent, length)) + "/s" : "–",
              of.closed_loop ? "as fast as it goes" : "of " + rate_text(of.planned_per_second) + "/s planned");
}

std::string last_tile(const report& of) {
  if (!of.deadline) {
    return tile("Received", bytes_text(static_cast<double>(of.all.bytes_received)),
                "over " + count_text(of.all.connections_opened) + " connections");
  }
  const auto all = total(of.all.outcomes);
  const auto within = static_cast<std::uint64_t>(std::max<std::int64_t>(0, of.deadline->count() / 1000));
  return tile("On time", all == 0 ? "–" : share_text(of.all.on_time, all), "successes within " + duration_text(within));
}

std::string key_figures(const report& of) {
  const auto all = total(of.all.outcomes);
  const auto succeeded = successes(of.all.outcomes);
  std::string out = "<dl class=\"tiles\">\n";
  out += tile("Requests", count_text(all),
              of.closed_loop ? count_text(of.all.sent) + " sent"
                             : count_text(of.all.planned) + " planned, " + count_text(of.all.sent) + " sent");
  out += tile("Success", all == 0 ? "–" : share_text(succeeded, all), count_text(all - succeeded) + " failed");
  out += rate_tile(of);
  out += tile("Duration", seconds_text(of.took), seconds_text(of.planned_length) + " planned");
  out += latency_tile("Response p50", of, 50) + latency_tile("Response p99", of, 99) +
         latency_tile("Response max", of, 100) + last_tile(of);
  return out + "</dl>\n";
}

std::string circumstances(const report& of) {
  if (of.fingerprint.empty()) return {};
  std::string out = "<dl class=\"facts\">";
  for (const auto& [name, value] : of.fingerprint) {
    out += "<div><dt>" + escaped(name) + "</dt><dd>" + escaped(value) + "</dd></div>";
  }
  return html::section("Settings", "Runs that have these in common can be compared.", out + "</dl>\n");
}

std::string head(const report& of) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>";
  out += std::string{of.outcome.word()} + ": " + escaped(of.mode) + ", loadgen</title>\n<style>\n";
  return out.append(html::style_sheet()).append("</style>\n</head>\n");
}

std::string side_by_side(const std::string& one, const std::string& other) {
  return one.empty() && other.empty() ? "" : "<div class=\"pair\">\n" + one + other + "</div>\n";
}

}  // namespace

std::string html_report(const report& of) {
  std::string out = head(of) + "<body>\n" + headline(of) + "<main>\n" + key_figures(of);
  out += html::knee_chart(of) + html::baseline_table(of);
  out += html::latency_over_time(of) + html::requests_over_time(of);
  out += side_by_side(html::latency_histogram(of), html::percentile_curve(of));
  out += html::failures_by_kind(of) + html::targets_table(of) + html::phases_table(of) + html::servers_tables(of);
  out += side_by_side(html::generator_table(of), circumstances(of));
  return out + html::glossary(of) + "</main>\n</body>\n</html>\n";
}

}  // namespace cohort::loadgen
