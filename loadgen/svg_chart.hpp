#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/svg_axis.hpp"

// Charts without a script: the picture is SVG that is stretched to its place, with lines that keep their width; the
// words around it are HTML, which keeps its size however narrow the place is.
namespace cohort::loadgen::html {

struct point {
  double x;
  std::optional<double> y;  // none: the line has a gap
};

/// A value that holds for a stretch.
struct step {
  double from;
  double to;
  double y;
};

/// Styles are names of CSS classes. All other text is plain and is escaped.
class chart {
 public:
  /// `description` is what a screen reader says.
  chart(std::string description, axis x, axis y);

  /// A named part of the x axis, shaded or not.
  void band(double from, double to, std::string_view name, bool shaded);
  void line(std::string_view style, const std::vector<point>& points);
  /// One that goes from each step straight to the next's height.
  void outline(std::string_view style, const std::vector<step>& steps);
  /// From the bottom up to each.
  void filled(std::string_view style, const std::vector<step>& steps);
  /// Between two lines.
  void between(std::string_view style, const std::vector<point>& one, const std::vector<point>& other);
  /// Never so low that it cannot be seen.
  void bar(std::string_view style, const step& of, std::string_view explanation);
  /// A line from the bottom to the top with a name above, each name on a line of its own.
  void marker(std::string_view style, double x, std::string_view name);
  void symbol(std::string_view style, double x, double y, std::string_view sign, std::string_view explanation);
  /// What is told when a pointer is over this part of the x axis.
  void explain(double from, double to, std::string_view explanation);
  /// In the order of the calls.
  void legend(std::string_view style, std::string_view name);

  std::string html() const;

 private:
  double x_of(double value) const noexcept;
  double y_of(double value) const noexcept;
  std::string grid() const;
  std::string tick_labels() const;

  std::string description_;
  axis x_;
  axis y_;
  std::string band_names_;
  std::string marker_names_;
  std::string areas_;
  std::string lines_;
  std::string explanations_;
  std::string symbols_;
  std::string legend_;
};

}  // namespace cohort::loadgen::html
