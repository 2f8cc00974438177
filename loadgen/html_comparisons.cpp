#include <algorithm>
#include <cmath>

#include "loadgen/figures.hpp"
#include "loadgen/html_sections.hpp"
#include "loadgen/markup.hpp"
#include "loadgen/svg_chart.hpp"

namespace cohort::loadgen::html {
namespace {

std::string rate(request_rate of) { return rate_text(of.per_second()) + "/s"; }

std::string capacity_text(const knee_result& of) {
  if (!of.capacity) return "No rate was found at which the objectives hold.";
  if (!of.bounded) return "The objectives still held at " + rate(*of.capacity) + "; more was not shown to break them.";
  return "The objectives hold up to " + rate(*of.capacity) + '.';
}

std::string probes_table(const knee_result& of) {
  table rows{{{"rate"},
              {"objectives", table::align::words},
              {"p99"},
              {"failed"},
              {"answered/s"},
              {"why", table::align::words}}};
  for (const auto& each : of.probes) {
    rows.add({text(rate(each.rate)),
              {!each.is_valid ? "<b class=\"warn\">? invalid</b>"
               : each.held    ? "<b class=\"good\">✓ held</b>"
                              : "<b class=\"bad\">✗ broke</b>"},
              text(duration_text(each.p99)),
              text(share_text(each.error_rate)),
              text(rate_text(each.answered_per_second)),
              text(each.why)});
  }
  return folded("The rates that were tried, in order", rows.html());
}

markup value_of(const compared_measure& of, double value, bool signed_value = false) {
  const std::string sign = !signed_value || value == 0 ? "" : value > 0 ? "+" : "−";
  const double size = std::abs(value);
  return text(sign +
              (of.name == "failed" ? share_text(size) : duration_text(static_cast<std::uint64_t>(std::llround(size)))));
}

markup change_cell(const compared_measure& of) {
  if (of.worse) return {"<b class=\"bad\">▲ worse</b>"};
  if (of.better) return {"<b class=\"good\">▼ better</b>"};
  return text("= no difference shown");
}

}  // namespace

std::string knee_chart(const report& of) {
  if (!of.knee || of.knee->probes.empty()) return {};
  const auto& found = *of.knee;
  double greatest_rate = 0;
  auto least = static_cast<double>(histogram::greatest_trackable);
  double greatest = 0;
  for (const auto& each : found.probes) {
    const auto p99 = static_cast<double>(each.p99.microseconds);
    greatest_rate = std::max(greatest_rate, each.rate.per_second());
    least = std::min(least, p99);
    greatest = std::max(greatest, p99);
  }
  chart drawn{capacity_text(found), amount_axis(greatest_rate, "planned requests a second"),
              duration_axis(least, greatest, "p99 of the response time, logarithmic")};
  if (found.capacity) {
    drawn.marker("capacity", found.capacity->per_second(),
                 (found.bounded ? "capacity " : "capacity ≥ ") + rate(*found.capacity));
  }
  for (const auto& each : found.probes) {
    drawn.symbol(each.held ? "held" : "broke", each.rate.per_second(), static_cast<double>(each.p99.microseconds),
                 !each.is_valid ? "?"
                 : each.held    ? "✓"
                                : "✗",
                 rate(each.rate) + ": p99 " + duration_text(each.p99) + (each.why.empty() ? "" : ", " + each.why));
  }
  drawn.legend("held", "✓ held");
  drawn.legend("broke", "✗ broke");
  return section("Capacity", capacity_text(found), drawn.html() + probes_table(found));
}

std::string baseline_table(const report& of) {
  if (!of.baseline) return {};
  table rows{
      {{"each second's", table::align::words}, {"before"}, {"now"}, {"shift"}, {"p-value"}, {"", table::align::words}}};
  for (const auto& each : of.baseline->measures) {
    const auto chance = each.p_value < 0.0001 ? "< 0.0001" : fixed_text(each.p_value, 4);
    rows.add({text(each.name == "failed" ? "failures" : each.name), value_of(each, each.before),
              value_of(each, each.now), value_of(each, each.shift, true), text(chance), change_cell(each)});
  }
  return section(
      "Compared with " + of.baseline->file,
      "Medians over the seconds, of failures means. The p-value is how likely such a difference would be if nothing "
      "had changed; to be worse or better takes a difference that is significant and large enough to matter.",
      rows.html());
}

}  // namespace cohort::loadgen::html
