// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/report/html/axis.hpp"

// Charts without scripts. The plot is SVG, stretched to its container with lines of constant width; its labels are
// HTML, so that their font size is constant.
namespace cohort::loadgen::html {

struct point {
  double x;
  std::optional<double> y;  // none: a gap in the line
};

/// A value that is constant over a range.
struct step {
  double start;
  double end;
  double y;
};

/// `css_class` arguments are class names of the style sheet. All other strings are plain text, and are escaped.
class chart {
 public:
  /// `description` is the text for screen readers.
  chart(std::string description, axis x, axis y);

  /// A named range of the x axis.
  void add_band(double start, double end, std::string_view name, bool is_shaded);
  void add_line(std::string_view css_class, const std::vector<point>& points);
  /// A line with vertical edges between the steps.
  void add_step_line(std::string_view css_class, const std::vector<step>& steps);
  /// The area below the steps.
  void add_step_area(std::string_view css_class, const std::vector<step>& steps);
  /// The area between two lines.
  void add_area(std::string_view css_class, const std::vector<point>& upper, const std::vector<point>& lower);
  /// A bar with a minimum height, so that small values are visible.
  void add_bar(std::string_view css_class, const step& bar, std::string_view tooltip);
  /// A vertical line with a label above the plot.
  void add_marker(std::string_view css_class, double x, std::string_view label);
  void add_symbol(std::string_view css_class, double x, double y, std::string_view symbol, std::string_view tooltip);
  /// A tooltip for a range of the x axis.
  void add_tooltip(double start, double end, std::string_view tooltip);
  void add_legend(std::string_view css_class, std::string_view label);

  std::string html() const;

 private:
  double x_position(double value) const noexcept;
  double y_position(double value) const noexcept;
  std::string grid() const;
  std::string tick_labels() const;

  std::string description_;
  axis x_;
  axis y_;
  std::string bands_;
  std::string markers_;
  std::string areas_;
  std::string lines_;
  std::string tooltips_;
  std::string symbols_;
  std::string legend_;
};

}  // namespace cohort::loadgen::html
