// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/html/chart.hpp"

#include <algorithm>

#include "loadgen/report/html/markup.hpp"
#include "loadgen/results/format.hpp"

namespace cohort::loadgen::html {
namespace {

/// The width and height of the SVG view box.
constexpr double plot_size = 1000;
constexpr double min_bar_height = 6;
/// The width of a single point between two gaps.
constexpr double single_point_width = 4;

std::string number(double value) {
  auto text = format_fixed(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string percent(double ratio) { return format_fixed(ratio * 100, 2) + '%'; }

/// A `rect` element without its closing tag.
std::string rectangle(double x, double y, double width, double height) {
  return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) + "\" height=\"" +
         number(height) + "\"";
}

std::string path(std::string_view css_class, const std::string& data) {
  return "<path class=\"" + std::string{css_class} + "\" d=\"" + data + "\"/>\n";
}

std::string title(std::string_view text) {
  return text.empty() ? std::string{} : "<title>" + escape(text) + "</title>";
}

std::string label(std::string_view css_class, const std::string& css, std::string_view text) {
  return "<span class=\"" + std::string{css_class} + "\" style=\"" + css + "\">" + escape(text) + "</span>";
}

}  // namespace

chart::chart(std::string description, axis x, axis y)
    : description_(std::move(description)), x_(std::move(x)), y_(std::move(y)) {}

double chart::x_position(double value) const noexcept { return x_.value_scale.position(value) * plot_size; }

double chart::y_position(double value) const noexcept { return (1 - y_.value_scale.position(value)) * plot_size; }

void chart::add_band(double start, double end, std::string_view name, bool is_shaded) {
  const double left = x_position(start);
  const double width = x_position(end) - left;
  if (is_shaded) areas_ += rectangle(left, 0, width, plot_size) + " class=\"band\"/>\n";
  bands_ += "<span style=\"left:" + percent(left / plot_size) + ";width:" + percent(width / plot_size) + "\" title=\"" +
            escape(name) + "\">" + escape(name) + "</span>";
}

void chart::add_line(std::string_view css_class, const std::vector<point>& points) {
  std::string data;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].y) continue;
    const bool is_first = i == 0 || !points[i - 1].y;
    const bool is_last = i + 1 == points.size() || !points[i + 1].y;
    const bool is_single = is_first && is_last;
    const double x = x_position(points[i].x) - (is_single ? single_point_width / 2 : 0);
    data += (is_first ? 'M' : 'L') + number(x) + ' ' + number(y_position(*points[i].y));
    if (is_single) data += "h" + number(single_point_width);
  }
  if (!data.empty()) lines_ += path(css_class, data);
}

void chart::add_step_line(std::string_view css_class, const std::vector<step>& steps) {
  std::string data;
  for (const auto& step : steps) {
    data += data.empty() ? "M" + number(x_position(step.start)) + ' ' + number(y_position(step.y))
                         : "V" + number(y_position(step.y));
    data += "H" + number(x_position(step.end));
  }
  if (!data.empty()) lines_ += path(css_class, data);
}

void chart::add_step_area(std::string_view css_class, const std::vector<step>& steps) {
  std::string data;
  for (const auto& step : steps) {
    if (data.empty()) data = "M" + number(x_position(step.start)) + ' ' + number(plot_size);
    data += "V" + number(y_position(step.y)) + "H" + number(x_position(step.end));
  }
  if (!data.empty()) areas_ += path(css_class, data + "V" + number(plot_size) + "Z");
}

void chart::add_area(std::string_view css_class, const std::vector<point>& upper, const std::vector<point>& lower) {
  std::string data;
  const auto add = [&](const point& next) {
    if (next.y) data += (data.empty() ? 'M' : 'L') + number(x_position(next.x)) + ' ' + number(y_position(*next.y));
  };
  std::for_each(upper.begin(), upper.end(), add);
  std::for_each(lower.rbegin(), lower.rend(), add);
  if (!data.empty()) areas_ += path(css_class, data + 'Z');
}

void chart::add_bar(std::string_view css_class, const step& bar, std::string_view tooltip) {
  const double left = x_position(bar.start);
  const double width = x_position(bar.end) - left;
  const double height = bar.y > 0 ? std::max(plot_size - y_position(bar.y), min_bar_height) : 0;
  areas_ += rectangle(left + width * 0.06, plot_size - height, width * 0.88, height) + " class=\"" +
            std::string{css_class} + "\">" + title(tooltip) + "</rect>\n";
}

void chart::add_marker(std::string_view css_class, double x, std::string_view text) {
  const double position = x_position(x);
  lines_ += path(css_class, "M" + number(position) + " 0V" + number(plot_size));
  const bool is_label_on_right = position <= plot_size / 2;
  const auto css = is_label_on_right ? "margin-left:" + percent(position / plot_size)
                                     : "margin-right:" + percent(1 - position / plot_size) + ";text-align:right";
  markers_ += label(css_class, css, text);
}

void chart::add_symbol(std::string_view css_class, double x, double y, std::string_view symbol,
                       std::string_view tooltip) {
  symbols_ += "<span class=\"symbol " + std::string{css_class} +
              "\" style=\"left:" + percent(x_.value_scale.position(x)) +
              ";bottom:" + percent(y_.value_scale.position(y)) + "\" title=\"" + escape(tooltip) + "\">" +
              escape(symbol) + "</span>\n";
}

void chart::add_tooltip(double start, double end, std::string_view tooltip) {
  const double left = x_position(start);
  tooltips_ += rectangle(left, 0, x_position(end) - left, plot_size) + '>' + title(tooltip) + "</rect>\n";
}

void chart::add_legend(std::string_view css_class, std::string_view text) {
  legend_ += "<li><i class=\"" + std::string{css_class} + "\"></i>" + escape(text) + "</li>";
}

std::string chart::grid() const {
  std::string data;
  for (const auto& tick : y_.ticks) data += "M0 " + number(y_position(tick.value)) + "H" + number(plot_size);
  for (const auto& tick : x_.ticks) data += "M" + number(x_position(tick.value)) + " 0V" + number(plot_size);
  return path("grid", data);
}

std::string chart::tick_labels() const {
  std::string labels;
  for (const auto& tick : y_.ticks) {
    labels += label("y", "bottom:" + percent(y_.value_scale.position(tick.value)), tick.label);
  }
  for (const auto& tick : x_.ticks) {
    labels += label("x", "left:" + percent(x_.value_scale.position(tick.value)), tick.label);
  }
  return labels;
}

std::string chart::html() const {
  std::string html = "<div class=\"chart\"><div class=\"head\"><p>" + escape(y_.title) + "</p>";
  if (!legend_.empty()) html += "<ul>" + legend_ + "</ul>";
  html += "</div>";
  if (!bands_.empty()) html += "\n<div class=\"bands\" aria-hidden=\"true\">" + bands_ + "</div>";
  if (!markers_.empty()) html += "\n<div class=\"markers\" aria-hidden=\"true\">" + markers_ + "</div>";
  html += "\n<div class=\"plot\"><svg role=\"img\" aria-label=\"" + escape(description_) +
          "\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\">\n";
  html += grid() + areas_ + lines_;
  if (!tooltips_.empty()) html += "<g class=\"tooltips\">" + tooltips_ + "</g>";
  html += "</svg>\n<div aria-hidden=\"true\">" + symbols_ + tick_labels() + "</div></div>\n<p class=\"foot\">" +
          escape(x_.title) + "</p></div>\n";
  return html;
}

}  // namespace cohort::loadgen::html
