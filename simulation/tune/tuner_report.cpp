// SPDX-License-Identifier: BSL-1.0
#include "simulation/tune/tuner_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "loadgen/report/html/chart.hpp"
#include "loadgen/report/html/markup.hpp"
#include "simulation/report/page.hpp"

namespace cohort::simulation {
namespace {

namespace html = loadgen::html;

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string interval(const sim::mean_estimate& estimate) {
  const auto mean = format("%.2f", estimate.mean * 100);
  return mean + (std::isinf(estimate.half_width) ? " %" : format(" ± %.2f %%", estimate.half_width * 100));
}

std::string format_gain(const sim::policy_choice& choice) {
  if (choice.settings.empty()) return "the plan's own";
  return (choice.gain.mean >= 0 ? "+" : "") + interval(choice.gain);
}

std::string format_p99(const sim::policy_score& score) {
  if (!score.p99) return "failed";
  return format("%.0f ms", to_milliseconds(*score.p99));
}

std::string format_settings(const sim::policy_choice& choice) {
  std::string text;
  for (const auto& line : choice.lines()) text.append(text.empty() ? "" : "  ").append(line);
  return text.empty() ? "(unchanged)" : text;
}

/// Prefixes a value with `~` if it is outside the model's range of validity.
std::string mark_if_invalid(const sim::plan& plan, const std::string& value) {
  return (plan.warnings.empty() ? "" : "~") + value;
}

/// Counts UTF-8 characters instead of bytes, because `±` has two bytes.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string pad(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, length_of(text)), ' ');
}

html::axis amplification_axis(const sim::tuner_result& result) {
  double lowest = 1;
  double highest = 1.1;
  for (const auto& choice : result.choices) {
    lowest = std::min(lowest, choice.score.amplification);
    highest = std::max(highest, choice.score.amplification);
  }
  const auto step = html::round_step(highest - lowest, 8);
  const auto first = std::floor(lowest / step) - 1;
  const auto last = std::ceil(highest / step) + 1;
  html::axis axis{html::scale::linear(first * step, last * step), {}, "requests per call"};
  for (auto i = first; i <= last; ++i) axis.ticks.push_back({i * step, format("%.3g", i * step)});
  return axis;
}

std::string trade_off_chart(const sim::tuner_result& result) {
  double min_goodput = 1;
  for (const auto& choice : result.choices) min_goodput = std::min(min_goodput, choice.score.goodput.mean);
  const double lowest = std::floor(min_goodput * 20) / 20;
  html::axis goodput{html::scale::linear(lowest - 0.01, 1), {}, "goodput"};
  for (double value = lowest; value <= 1.001; value += 0.05) {
    goodput.ticks.push_back({value, format("%.0f %%", value * 100)});
  }
  html::chart chart{"Goodput and amplification of each choice", amplification_axis(result), goodput};
  for (const auto& choice : result.choices) {
    const bool is_feasible = choice.score.violation.empty();
    const bool is_best = &choice == &result.choices.front() && is_feasible;
    chart.add_symbol(is_feasible ? "met" : "missed", choice.score.amplification, choice.score.goodput.mean,
                     choice.settings.empty() ? "■"
                     : is_best               ? "★"
                     : is_feasible           ? "●"
                                             : "×",
                     format_settings(choice));
  }
  chart.add_legend("met", "meets the objective: ★ the best, ■ the plan's own settings");
  chart.add_legend("missed", "misses it");
  return chart.html();
}

std::string choices_table(const sim::plan& plan, const sim::tuner_result& result) {
  html::table table{{{"Settings", html::table::content::text},
                     {"Goodput"},
                     {"against the plan's own"},
                     {"p99"},
                     {"Requests per call"},
                     {"Seeds"}}};
  for (const auto& choice : result.choices) {
    auto settings = add_comma_spaces(format_settings(choice));
    if (!choice.score.violation.empty()) settings += "; misses the objective: " + choice.score.violation;
    table.add({html::text(settings), html::text(mark_if_invalid(plan, interval(choice.score.goodput))),
               html::text(format_gain(choice)), html::text(mark_if_invalid(plan, format_p99(choice.score))),
               html::text(mark_if_invalid(plan, format("%.2f", choice.score.amplification))),
               html::text(std::to_string(choice.seeds))});
  }
  return table.html();
}

}  // namespace

std::string text_report(const sim::plan& plan, const sim::tuner_result& result, std::size_t rows) {
  std::string text;
  for (const auto& warning : plan.warnings) {
    text.append("outside the model's range of validity (marked ~): ").append(warning).append("\n");
  }
  text += "rank  goodput            vs. own            p99       requests  seeds  settings\n";
  std::size_t rank = 0;
  for (const auto& choice : result.choices) {
    ++rank;
    if (rank > rows && !choice.settings.empty()) continue;
    text += pad(std::to_string(rank), 6) + pad(mark_if_invalid(plan, interval(choice.score.goodput)), 19) +
            pad(format_gain(choice), 19) + pad(mark_if_invalid(plan, format_p99(choice.score)), 10) +
            pad(mark_if_invalid(plan, format("%.2f", choice.score.amplification)), 10) +
            pad(std::to_string(choice.seeds), 7) + format_settings(choice) + "\n";
    if (!choice.score.violation.empty()) text += "      misses the objective: " + choice.score.violation + "\n";
  }
  return text;
}

std::string html_report(const sim::plan& plan, const sim::tuner_result& result, const std::string& command) {
  std::string content;
  for (const auto& warning : plan.warnings) content += "<p class=\"bad\">" + html::escape(warning) + "</p>\n";
  if (!content.empty())
    content = html::section("Outside the model's range of validity", "Values are marked with ~.", content);
  content += html::section("Trade-off", "Each symbol is a choice of policies.", trade_off_chart(result));
  content +=
      html::section("Choices", "Sorted by rounds of the search, objective and goodput.", choices_table(plan, result));
  content += html::section("Command", "The same command prints the same numbers.",
                           "<p><code>" + html::escape(command) + "</code></p>\n");
  return render_page("Policies by simulation", "Means over all scenarios; intervals have a confidence of 95 %.",
                     content);
}

}  // namespace cohort::simulation
