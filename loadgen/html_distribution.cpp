#include <algorithm>
#include <cmath>

#include "loadgen/figures.hpp"
#include "loadgen/html_sections.hpp"
#include "loadgen/markup.hpp"
#include "loadgen/svg_chart.hpp"

namespace cohort::loadgen::html {
namespace {

constexpr double most_bars = 48;
/// A bucket of the histogram is up to a thousandth wide: narrower bars would have none for some and two for others.
constexpr double least_bar_ratio = 1.002;

struct class_of_durations {
  double from;
  double to;
  std::uint64_t count = 0;
};

/// Equally wide on a logarithmic axis.
std::vector<class_of_durations> classes(const histogram& of) {
  const double least = std::max(1.0, static_cast<double>(of.min()));
  const double greatest = static_cast<double>(of.max()) + 1;
  const double wide = std::log(greatest / least);
  const auto bars = std::clamp(std::floor(wide / std::log(least_bar_ratio)), 1.0, most_bars);
  std::vector<class_of_durations> made;
  double from = least;
  for (double i = 1; i <= bars; ++i) {
    // Whole microseconds, as that is what there is; near one there are fewer than there would be bars.
    const double to = i == bars ? greatest : std::round(least * std::exp(wide * i / bars));
    if (to <= from) continue;
    made.push_back({from, to});
    from = to;
  }
  of.for_each_bucket([&](const histogram::bucket& bucket) {
    const double middle = (static_cast<double>(bucket.least) + static_cast<double>(bucket.greatest)) / 2;
    const auto after = std::upper_bound(made.begin(), made.end(), middle,
                                        [](double value, const class_of_durations& each) { return value < each.from; });
    (after == made.begin() ? made.front() : *std::prev(after)).count += bucket.count;
  });
  return made;
}

std::string micros(double value) { return duration_text(static_cast<std::uint64_t>(value)); }

std::string data_table(const std::vector<class_of_durations>& all, std::uint64_t whole) {
  table rows{{{"from", table::align::words}, {"to below"}, {"answers"}, {"share"}, {"up to here"}}};
  std::uint64_t so_far = 0;
  for (const auto& each : all) {
    so_far += each.count;
    if (each.count == 0) continue;
    rows.add({text(micros(each.from)), text(micros(each.to)), text(count_text(each.count)),
              text(share_text(each.count, whole)), text(share_text(so_far, whole))});
  }
  return folded("The figures", rows.html());
}

struct curves {
  std::vector<point> response;  // whole
  std::vector<point> known;     // of it; where it is not, a gap
  std::vector<point> at_least;  // the rest, and the known points that it is joined to
  std::vector<point> service;
};

constexpr std::size_t points_of_curve = 150;

curves curves_of(const tally& of, double end) {
  curves made;
  std::vector<bool> bound;
  for (std::size_t i = 0; i <= points_of_curve; ++i) {
    const double place = end * static_cast<double>(i) / points_of_curve;
    const double percent = i == points_of_curve ? 100 : percent_at(place);
    const auto response = of.response.percentile(percent);
    made.response.push_back({place, static_cast<double>(response.microseconds)});
    bound.push_back(response.lower_bound);
    if (of.service.count() != 0) {
      made.service.push_back({place, static_cast<double>(of.service.percentile(percent))});
    }
  }
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const bool joins = (i > 0 && bound[i - 1]) || (i + 1 < bound.size() && bound[i + 1]);
    const auto& [place, value] = made.response[i];
    made.known.push_back({place, bound[i] ? std::nullopt : value});
    made.at_least.push_back({place, bound[i] || joins ? value : std::nullopt});
  }
  return made;
}

axis latency_axis(const curves& of) {
  double least = *of.response.front().y;
  double greatest = *of.response.back().y;
  for (const auto& each : of.service) {
    least = std::min(least, *each.y);
    greatest = std::max(greatest, *each.y);
  }
  return duration_axis(least, greatest, "latency, logarithmic");
}

std::string percentile_name(double percent) {
  return percent >= 100 ? "max" : "p" + fixed_text(percent, percent < 99 ? 0 : percent < 99.9 ? 1 : 3);
}

void explain_curve(chart& drawn, const tally& of, double end) {
  constexpr double parts = 50;
  for (double i = 0; i < parts; ++i) {
    const double percent = i + 1 == parts ? 100 : percent_at(end * (i + 0.5) / parts);
    drawn.explain(end * i / parts, end * (i + 1) / parts,
                  percentile_name(percent) + ": response " + percentile_text(of.response, percent) + ", service " +
                      percentile_text(of.service, percent));
  }
}

std::string percentile_rows(const tally& of) {
  table rows{{{"", table::align::words}, {"response"}, {"service"}, {"lag"}, {"wait"}}};
  const auto add = [&](const std::string& name, double percent) {
    rows.add({text(name), text(percentile_text(of.response, percent)), text(percentile_text(of.service, percent)),
              text(percentile_text(of.dispatch_lag, percent)), text(percentile_text(of.connection_wait, percent))});
  };
  const auto mean = [](const histogram& each) {
    return text(each.count() == 0 ? "–" : micros(std::round(each.mean())));
  };
  add("p50", 50);
  add("p75", 75);
  add("p90", 90);
  add("p95", 95);
  add("p99", 99);
  add("p99.9", 99.9);
  add("p99.99", 99.99);
  add("max", 100);
  rows.add({text(of.response.censored() == 0 ? "mean" : "mean of the answers"), mean(of.response.known()),
            mean(of.service), mean(of.dispatch_lag), mean(of.connection_wait)});
  return folded("The figures", rows.html());
}

}  // namespace

std::string latency_histogram(const report& of) {
  const auto& answered = of.all.response.known();
  if (answered.count() == 0) return {};
  const auto all = classes(answered);
  std::uint64_t most = 0;
  for (const auto& each : all) most = std::max(most, each.count);
  const auto p50 = of.all.response.percentile(50);
  const auto p99 = of.all.response.percentile(99);
  const auto greatest =
      std::max({all.back().to, static_cast<double>(p50.microseconds), static_cast<double>(p99.microseconds)});
  chart drawn{
      "Histogram of the response time: half took up to " + duration_text(p50) + ", 99 % up to " + duration_text(p99),
      duration_axis(all.front().from, greatest, "response time, logarithmic"),
      amount_axis(static_cast<double>(most), "answers")};
  for (const auto& each : all) {
    if (each.count == 0) continue;
    drawn.bar("answers", {each.from, each.to, static_cast<double>(each.count)},
              micros(each.from) + " to " + micros(each.to) + ": " + count_text(each.count) + " answers, " +
                  share_text(each.count, answered.count()));
  }
  drawn.marker("p50", static_cast<double>(p50.microseconds), "p50 " + duration_text(p50));
  drawn.marker("p99", static_cast<double>(p99.microseconds), "p99 " + duration_text(p99));
  std::string note = "How many answers took how long.";
  if (const auto censored = of.all.response.censored(); censored != 0) {
    note += " The percentiles count " + count_text(censored) + " without an answer as well; the bars cannot.";
  }
  return section("Distribution", note, drawn.html() + data_table(all, answered.count()));
}

std::string percentile_curve(const report& of) {
  const auto& all = of.all;
  if (all.response.count() == 0) return {};
  // As far as there are requests: of a thousand, the last one is the 99.9th percentile.
  const double end = std::clamp(std::log10(static_cast<double>(all.response.count())), 1.0, 6.0);
  const auto lines = curves_of(all, end);
  chart drawn{"Percentiles of the response time and of the service time, to the maximum of " +
                  percentile_text(all.response, 100),
              percentile_axis(end, "percentile"), latency_axis(lines)};
  if (!lines.service.empty()) drawn.between("gap", lines.response, lines.service);
  drawn.line("service", lines.service);
  drawn.line("response", lines.known);
  drawn.line("response censored", lines.at_least);
  drawn.legend("response", "response");
  if (all.response.censored() != 0) drawn.legend("response censored", "at least");
  drawn.legend("service", "service");
  explain_curve(drawn, all, end);
  std::string note = of.closed_loop
                         ? "In a closed loop nothing is sent while an answer is awaited, so what callers of their own "
                           "would have waited meanwhile is in neither line."
                         : "Service starts when a request is sent, response when it was meant to be. The gap is what "
                           "coordinated omission would have hidden.";
  return section("Percentiles", note, drawn.html() + percentile_rows(all));
}

}  // namespace cohort::loadgen::html
