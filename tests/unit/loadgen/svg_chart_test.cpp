#include "loadgen/svg_chart.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace cohort::loadgen::html {
namespace {

using Catch::Matchers::ContainsSubstring;

/// 0 to 10 by 0 to 100, so that the picture's thousandths are plain to see.
chart square() {
  return {"A square", axis{scale::linear(0, 10), {{0, "none"}, {5, "half"}}, "across"},
          axis{scale::linear(0, 100), {{0, "low"}, {100, "high"}}, "up"}};
}

TEST_CASE("A line goes through its points, upwards for more") {
  auto drawn = square();
  drawn.line("p50", {{0, 0}, {5, 50}, {7.5, 100}});
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(<path class="p50" d="M0 1000L500 500L750 0"/>)"));
}

TEST_CASE("A line has a gap where there is no value, and a point between two gaps is a dash") {
  auto drawn = square();
  drawn.line("p50", {{0, 10}, {1, 20}, {2, {}}, {3, 30}, {4, {}}, {5, 50}, {6, 60}, {7, {}}});
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(d="M0 900L100 800M298 700h4M500 500L600 400")"));
}

TEST_CASE("A line without any value is not drawn") {
  auto drawn = square();
  drawn.line("p50", {{0, {}}, {1, {}}});
  CHECK_THAT(drawn.html(), !ContainsSubstring("p50"));
}

TEST_CASE("An outline keeps each value for its whole stretch, and an area goes down to the bottom") {
  auto drawn = square();
  const std::vector<step> steps{{0, 2, 10}, {2, 10, 80}};
  drawn.outline("sent", steps);
  drawn.filled("planned", steps);
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(<path class="sent" d="M0 900H200V200H1000"/>)"));
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(<path class="planned" d="M0 1000V900H200V200H1000V1000Z"/>)"));
}

TEST_CASE("An area between two lines goes along one and back along the other") {
  auto drawn = square();
  drawn.between("gap", {{0, 50}, {10, 100}}, {{0, 0}, {10, 10}});
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(<path class="gap" d="M0 500L1000 0L1000 900L0 1000Z"/>)"));
}

TEST_CASE("A bar stands on the axis with some room beside it") {
  auto drawn = square();
  drawn.bar("answers", {2, 4, 25}, "25 of <them>");
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(<rect x="212" y="750" width="176" height="250" class="answers">)"
                                             "<title>25 of &lt;them&gt;</title></rect>"));
}

TEST_CASE("A bar of next to nothing is seen, and one of nothing is not") {
  auto drawn = square();
  drawn.bar("answers", {0, 1, 0.001}, "");
  drawn.bar("answers", {1, 2, 0}, "");
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(y="994" width="88" height="6" class="answers">)"));
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(y="1000" width="88" height="0" class="answers">)"));
}

TEST_CASE("What is beyond an axis is at its end") {
  auto drawn = square();
  drawn.line("p99", {{-1, 120}, {11, -5}});
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(d="M0 0L1000 1000")"));
}

TEST_CASE("A part of the x axis has its name above, and is shaded if wanted") {
  auto drawn = square();
  drawn.band(0, 4, "calm", false);
  drawn.band(4, 10, "sp<i>ke", true);
  const auto html = drawn.html();
  CHECK_THAT(html, ContainsSubstring(R"(<span style="left:0.00%;width:40.00%" title="calm">calm</span>)"));
  CHECK_THAT(html, ContainsSubstring(R"(style="left:40.00%;width:60.00%" title="sp&lt;i&gt;ke">sp&lt;i&gt;ke</span>)"));
  CHECK_THAT(html, ContainsSubstring(R"(<rect x="400" y="0" width="600" height="1000" class="band"/>)"));
  CHECK_THAT(html, !ContainsSubstring(R"(<rect x="0" y="0")"));
}

TEST_CASE("The name of a marker is on the side where there is more room") {
  auto drawn = square();
  drawn.marker("p50", 2, "left");
  drawn.marker("p99", 9, "right");
  const auto html = drawn.html();
  CHECK_THAT(html, ContainsSubstring(R"(<path class="p50" d="M200 0V1000"/>)"));
  CHECK_THAT(html, ContainsSubstring(R"(<span class="p50" style="margin-left:20.00%">left</span>)"));
  CHECK_THAT(html, ContainsSubstring(R"(<span class="p99" style="margin-right:10.00%;text-align:right">right</span>)"));
}

TEST_CASE("A symbol is put where its values are, and says what it stands for") {
  auto drawn = square();
  drawn.symbol("broke", 5, 25, "✗", "p99 \"broke\"");
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(<span class="symbol broke" style="left:50.00%;bottom:25.00%")"
                                             R"( title="p99 &quot;broke&quot;">✗</span>)"));
}

TEST_CASE("A part of the x axis can be explained to whoever points at it") {
  auto drawn = square();
  drawn.explain(1, 2, "1 to 2");
  CHECK_THAT(drawn.html(), ContainsSubstring(R"(<g class="explained"><rect x="100" y="0" width="100" height="1000">)"
                                             "<title>1 to 2</title></rect>"));
}

TEST_CASE("A chart says what it shows, names its axes, and has a line and a label for each tick") {
  auto drawn = square();
  drawn.legend("p50", "half of them");
  const auto html = drawn.html();
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
