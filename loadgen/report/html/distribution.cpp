// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cmath>

#include "loadgen/report/html/chart.hpp"
#include "loadgen/report/html/markup.hpp"
#include "loadgen/report/html/sections.hpp"
#include "loadgen/results/format.hpp"

namespace cohort::loadgen::html {
namespace {

constexpr double max_bars = 48;
/// The minimum ratio between the end and the start of a bar. A histogram bucket is up to 0.1 % wide, so narrower bars
/// would contain varying numbers of buckets.
constexpr double min_bar_ratio = 1.002;

struct duration_bin {
  double start;  // microseconds
  double end;
  std::uint64_t count = 0;
};

/// Bins of equal width on a logarithmic axis.
std::vector<duration_bin> make_bins(const histogram& values) {
  const double minimum = std::max(1.0, static_cast<double>(values.min()));
  const double maximum = static_cast<double>(values.max()) + 1;
  const double width = std::log(maximum / minimum);
  const auto bin_count = std::clamp(std::floor(width / std::log(min_bar_ratio)), 1.0, max_bars);
  std::vector<duration_bin> bins;
  double start = minimum;
  for (double i = 1; i <= bin_count; ++i) {
    // Rounds to the resolution of the histogram, one microsecond. Near one microsecond, empty bins are omitted.
    const double end = i == bin_count ? maximum : std::round(minimum * std::exp(width * i / bin_count));
    if (end <= start) continue;
    bins.push_back({start, end});
    start = end;
  }
  values.for_each_bucket([&](const histogram::bucket& bucket) {
    const double middle = (static_cast<double>(bucket.lowest_value) + static_cast<double>(bucket.highest_value)) / 2;
    const auto next = std::upper_bound(bins.begin(), bins.end(), middle,
                                       [](double value, const duration_bin& bin) { return value < bin.start; });
    (next == bins.begin() ? bins.front() : *std::prev(next)).count += bucket.count;
  });
  return bins;
}

std::string format_microseconds(double microseconds) {
  return format_duration(static_cast<std::uint64_t>(microseconds));
}

std::string bins_table(const std::vector<duration_bin>& bins, std::uint64_t total) {
  table rows{{{"from", table::content::text}, {"to below"}, {"responses"}, {"share"}, {"cumulative"}}};
  std::uint64_t cumulative = 0;
  for (const auto& bin : bins) {
    cumulative += bin.count;
    if (bin.count == 0) continue;
    rows.add({text(format_microseconds(bin.start)), text(format_microseconds(bin.end)), text(format_count(bin.count)),
              text(format_percentage(bin.count, total)), text(format_percentage(cumulative, total))});
  }
  return details("Data", rows.html());
}

/// The lines of the percentile chart.
struct percentile_lines {
  std::vector<point> response;  // all points
  std::vector<point> exact;     // gaps at the lower bounds
  std::vector<point> bounds;    // the lower bounds, and the exact points next to them
  std::vector<point> service;
};

constexpr std::size_t curve_segments = 150;

percentile_lines make_percentile_lines(const request_stats& stats, double end) {
  percentile_lines lines;
  std::vector<bool> is_bound;
  for (std::size_t i = 0; i <= curve_segments; ++i) {
    const double position = end * static_cast<double>(i) / curve_segments;
    const double percent = i == curve_segments ? 100 : percentile_at(position);
    const auto response = stats.response_time.percentile(percent);
    lines.response.push_back({position, static_cast<double>(response.microseconds)});
    is_bound.push_back(response.is_lower_bound);
    if (stats.service_time.count() != 0) {
      lines.service.push_back({position, static_cast<double>(stats.service_time.percentile(percent))});
    }
  }
  for (std::size_t i = 0; i < is_bound.size(); ++i) {
    const bool is_next_to_bound = (i > 0 && is_bound[i - 1]) || (i + 1 < is_bound.size() && is_bound[i + 1]);
    const auto& [position, value] = lines.response[i];
    lines.exact.push_back({position, is_bound[i] ? std::nullopt : value});
    lines.bounds.push_back({position, is_bound[i] || is_next_to_bound ? value : std::nullopt});
  }
  return lines;
}

axis latency_axis(const percentile_lines& lines) {
  double minimum = *lines.response.front().y;
  double maximum = *lines.response.back().y;
  for (const auto& service : lines.service) {
    minimum = std::min(minimum, *service.y);
    maximum = std::max(maximum, *service.y);
  }
  return duration_axis(minimum, maximum, "latency, logarithmic");
}

std::string percentile_name(double percent) {
  return percent >= 100 ? "max" : "p" + format_fixed(percent, percent < 99 ? 0 : percent < 99.9 ? 1 : 3);
}

void add_curve_tooltips(chart& chart, const request_stats& stats, double end) {
  constexpr double tooltip_count = 50;
  for (double i = 0; i < tooltip_count; ++i) {
    const double percent = i + 1 == tooltip_count ? 100 : percentile_at(end * (i + 0.5) / tooltip_count);
    chart.add_tooltip(end * i / tooltip_count, end * (i + 1) / tooltip_count,
                      percentile_name(percent) + ": response " + format_percentile(stats.response_time, percent) +
                          ", service " + format_percentile(stats.service_time, percent));
  }
}

std::string percentiles_table(const request_stats& stats) {
  table rows{{{"", table::content::text}, {"response"}, {"service"}, {"lag"}, {"wait"}}};
  const auto add = [&](const std::string& name, double percent) {
    rows.add({text(name), text(format_percentile(stats.response_time, percent)),
              text(format_percentile(stats.service_time, percent)),
              text(format_percentile(stats.dispatch_lag, percent)),
              text(format_percentile(stats.connection_wait, percent))});
  };
  const auto mean = [](const histogram& values) {
    return text(values.count() == 0 ? "–" : format_microseconds(std::round(values.mean())));
  };
  add("p50", 50);
  add("p75", 75);
  add("p90", 90);
  add("p95", 95);
  add("p99", 99);
  add("p99.9", 99.9);
  add("p99.99", 99.99);
  add("max", 100);
  rows.add({text(stats.response_time.censored_count() == 0 ? "mean" : "mean of the responses"),
            mean(stats.response_time.observed()), mean(stats.service_time), mean(stats.dispatch_lag),
            mean(stats.connection_wait)});
  return details("Data", rows.html());
}

}  // namespace

std::string latency_histogram(const run_report& report) {
  const auto& response_time = report.totals.response_time;
  const auto& observed = response_time.observed();
  if (observed.count() == 0) return {};
  const auto bins = make_bins(observed);
  std::uint64_t max_count = 0;
  for (const auto& bin : bins) max_count = std::max(max_count, bin.count);
  const auto p50 = response_time.percentile(50);
  const auto p99 = response_time.percentile(99);
  const auto maximum =
      std::max({bins.back().end, static_cast<double>(p50.microseconds), static_cast<double>(p99.microseconds)});
  chart chart{"Histogram of the response time: p50 " + format_duration(p50) + ", p99 " + format_duration(p99),
              duration_axis(bins.front().start, maximum, "response time, logarithmic"),
              linear_axis(static_cast<double>(max_count), "responses")};
  for (const auto& bin : bins) {
    if (bin.count == 0) continue;
    chart.add_bar("answers", {bin.start, bin.end, static_cast<double>(bin.count)},
                  format_microseconds(bin.start) + " to " + format_microseconds(bin.end) + ": " +
                      format_count(bin.count) + " responses, " + format_percentage(bin.count, observed.count()));
  }
  chart.add_marker("p50", static_cast<double>(p50.microseconds), "p50 " + format_duration(p50));
  chart.add_marker("p99", static_cast<double>(p99.microseconds), "p99 " + format_duration(p99));
  std::string note = "Responses by response time.";
  if (const auto censored = response_time.censored_count(); censored != 0) {
    note += " The percentiles include " + format_count(censored) + " requests without a response; the bars do not.";
  }
  return section("Distribution", note, chart.html() + bins_table(bins, observed.count()));
}

std::string percentile_curve(const run_report& report) {
  const auto& stats = report.totals;
  if (stats.response_time.count() == 0) return {};
  // The last of n requests is at the percentile 100 · (1 − 1/n).
  const double end = std::clamp(std::log10(static_cast<double>(stats.response_time.count())), 1.0, 6.0);
  const auto lines = make_percentile_lines(stats, end);
  chart chart{"Percentiles of the response time and of the service time, up to the maximum of " +
                  format_percentile(stats.response_time, 100),
              percentile_axis(end, "percentile"), latency_axis(lines)};
  if (!lines.service.empty()) chart.add_area("gap", lines.response, lines.service);
  chart.add_line("service", lines.service);
  chart.add_line("response", lines.exact);
  chart.add_line("response censored", lines.bounds);
  chart.add_legend("response", "response");
  if (stats.response_time.censored_count() != 0) chart.add_legend("response censored", "at least");
  chart.add_legend("service", "service");
  add_curve_tooltips(chart, stats, end);
  const std::string note =
      report.is_closed_loop()
          ? "A closed loop sends no requests while it waits for responses. Neither line includes the time that the "
            "omitted requests would have taken (coordinated omission)."
          : "Service time starts when a request is sent; response time starts at its intended start. A measurement "
            "with coordinated omission would not show the difference.";
  return section("Percentiles", note, chart.html() + percentiles_table(stats));
}

}  // namespace cohort::loadgen::html
