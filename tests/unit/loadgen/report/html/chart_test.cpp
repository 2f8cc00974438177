// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/html/chart.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace cohort::loadgen::html {
namespace {

using Catch::Matchers::ContainsSubstring;

/// Returns a chart with the ranges 0 to 10 and 0 to 100: simple fractions of the plot size of 1000.
chart make_chart() {
  return {"A square", axis{scale::linear(0, 10), {{0, "none"}, {5, "half"}}, "across"},
          axis{scale::linear(0, 100), {{0, "low"}, {100, "high"}}, "up"}};
}

TEST_CASE("chart: a line goes through its points, with larger values higher", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_line("p50", {{0, 0}, {5, 50}, {7.5, 100}});
  CHECK_THAT(chart.html(), ContainsSubstring(R"(<path class="p50" d="M0 1000L500 500L750 0"/>)"));
}

TEST_CASE("chart: a line has a gap at a missing value, and a single point is a dash", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_line("p50", {{0, 10}, {1, 20}, {2, {}}, {3, 30}, {4, {}}, {5, 50}, {6, 60}, {7, {}}});
  CHECK_THAT(chart.html(), ContainsSubstring(R"(d="M0 900L100 800M298 700h4M500 500L600 400")"));
}

TEST_CASE("chart: a line without values is not drawn", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_line("p50", {{0, {}}, {1, {}}});
  CHECK_THAT(chart.html(), !ContainsSubstring("p50"));
}

TEST_CASE("chart: a step line is horizontal within each step, and a step area reaches the bottom",
          "[loadgen][report]") {
  auto chart = make_chart();
  const std::vector<step> steps{{0, 2, 10}, {2, 10, 80}};
  chart.add_step_line("sent", steps);
  chart.add_step_area("planned", steps);
  CHECK_THAT(chart.html(), ContainsSubstring(R"(<path class="sent" d="M0 900H200V200H1000"/>)"));
  CHECK_THAT(chart.html(), ContainsSubstring(R"(<path class="planned" d="M0 1000V900H200V200H1000V1000Z"/>)"));
}

TEST_CASE("chart: an area between two lines follows both lines", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_area("gap", {{0, 50}, {10, 100}}, {{0, 0}, {10, 10}});
  CHECK_THAT(chart.html(), ContainsSubstring(R"(<path class="gap" d="M0 500L1000 0L1000 900L0 1000Z"/>)"));
}

TEST_CASE("chart: a bar starts at the axis, with space on both sides", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_bar("answers", {2, 4, 25}, "25 of <them>");
  CHECK_THAT(chart.html(), ContainsSubstring(R"(<rect x="212" y="750" width="176" height="250" class="answers">)"
                                             "<title>25 of &lt;them&gt;</title></rect>"));
}

TEST_CASE("chart: a bar of a small value is visible, and a bar of zero is not", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_bar("answers", {0, 1, 0.001}, "");
  chart.add_bar("answers", {1, 2, 0}, "");
  CHECK_THAT(chart.html(), ContainsSubstring(R"(y="994" width="88" height="6" class="answers">)"));
  CHECK_THAT(chart.html(), ContainsSubstring(R"(y="1000" width="88" height="0" class="answers">)"));
}

TEST_CASE("chart: values beyond an axis are drawn at its end", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_line("p99", {{-1, 120}, {11, -5}});
  CHECK_THAT(chart.html(), ContainsSubstring(R"(d="M0 0L1000 1000")"));
}

TEST_CASE("chart: a band has its name above, and is shaded if requested", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_band(0, 4, "calm", false);
  chart.add_band(4, 10, "sp<i>ke", true);
  const auto html = chart.html();
  CHECK_THAT(html, ContainsSubstring(R"(<span style="left:0.00%;width:40.00%" title="calm">calm</span>)"));
  CHECK_THAT(html, ContainsSubstring(R"(style="left:40.00%;width:60.00%" title="sp&lt;i&gt;ke">sp&lt;i&gt;ke</span>)"));
  CHECK_THAT(html, ContainsSubstring(R"(<rect x="400" y="0" width="600" height="1000" class="band"/>)"));
  CHECK_THAT(html, !ContainsSubstring(R"(<rect x="0" y="0")"));
}

TEST_CASE("chart: the label of a marker is on the side with more space", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_marker("p50", 2, "left");
  chart.add_marker("p99", 9, "right");
  const auto html = chart.html();
  CHECK_THAT(html, ContainsSubstring(R"(<path class="p50" d="M200 0V1000"/>)"));
  CHECK_THAT(html, ContainsSubstring(R"(<span class="p50" style="margin-left:20.00%">left</span>)"));
  CHECK_THAT(html, ContainsSubstring(R"(<span class="p99" style="margin-right:10.00%;text-align:right">right</span>)"));
}

TEST_CASE("chart: a symbol has the position of its values, and a tooltip", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_symbol("missed", 5, 25, "✗", "p99 \"missed\"");
  CHECK_THAT(chart.html(), ContainsSubstring(R"(<span class="symbol missed" style="left:50.00%;bottom:25.00%")"
                                             R"( title="p99 &quot;missed&quot;">✗</span>)"));
}

TEST_CASE("chart: a range of the x axis can have a tooltip", "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_tooltip(1, 2, "1 to 2");
  CHECK_THAT(chart.html(), ContainsSubstring(R"(<g class="tooltips"><rect x="100" y="0" width="100" height="1000">)"
                                             "<title>1 to 2</title></rect>"));
}

TEST_CASE("chart: a chart contains a description, axis titles, and a line and a label for each tick",
          "[loadgen][report]") {
  auto chart = make_chart();
  chart.add_legend("p50", "half of them");
  const auto html = chart.html();
  CHECK_THAT(html, ContainsSubstring(R"(<svg role="img" aria-label="A square")"));
  CHECK_THAT(html, ContainsSubstring(R"(<path class="grid" d="M0 1000H1000M0 0H1000M0 0V1000M500 0V1000"/>)"));
  CHECK_THAT(html, ContainsSubstring(R"(<span class="y" style="bottom:100.00%">high</span>)"));
  CHECK_THAT(html, ContainsSubstring(R"(<span class="x" style="left:50.00%">half</span>)"));
  CHECK_THAT(html, ContainsSubstring("<p>up</p>"));
  CHECK_THAT(html, ContainsSubstring("across</p>"));
  CHECK_THAT(html, ContainsSubstring(R"(<li><i class="p50"></i>half of them</li>)"));
}

}  // namespace
}  // namespace cohort::loadgen::html
