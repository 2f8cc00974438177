#include "loadgen/svg_chart.hpp"

#include <algorithm>

#include "loadgen/figures.hpp"
#include "loadgen/markup.hpp"

namespace cohort::loadgen::html {
namespace {

/// Of the picture, in both directions, whatever place it is stretched to.
constexpr double size = 1000;
/// As much of a bar as is always seen.
constexpr double least_bar = 6;
/// As wide as a point between two gaps is drawn.
constexpr double lone_point = 4;

std::string number(double value) {
  auto text = fixed_text(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string percent(double share) { return fixed_text(share * 100, 2) + '%'; }

std::string rectangle(double x, double y, double width, double height) {
  return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) + "\" height=\"" +
         number(height) + "\"";
}

std::string path(std::string_view style, const std::string& data) {
  return "<path class=\"" + std::string{style} + "\" d=\"" + data + "\"/>\n";
}

std::string title(std::string_view text) {
  return text.empty() ? std::string{} : "<title>" + escaped(text) + "</title>";
}

/// HTML above the picture, at a place along it.
std::string placed(std::string_view style, const std::string& place, std::string_view words) {
  return "<span class=\"" + std::string{style} + "\" style=\"" + place + "\">" + escaped(words) + "</span>";
}

}  // namespace

chart::chart(std::string description, axis x, axis y)
    : description_(std::move(description)), x_(std::move(x)), y_(std::move(y)) {}

double chart::x_of(double value) const noexcept { return x_.along.position(value) * size; }

double chart::y_of(double value) const noexcept { return (1 - y_.along.position(value)) * size; }

void chart::band(double from, double to, std::string_view name, bool shaded) {
  const double left = x_of(from);
  const double width = x_of(to) - left;
  if (shaded) areas_ += rectangle(left, 0, width, size) + " class=\"band\"/>\n";
  band_names_ += "<span style=\"left:" + percent(left / size) + ";width:" + percent(width / size) + "\" title=\"" +
                 escaped(name) + "\">" + escaped(name) + "</span>";
}

void chart::line(std::string_view style, const std::vector<point>& points) {
  std::string data;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].y) continue;
    const bool first = i == 0 || !points[i - 1].y;
    const bool last = i + 1 == points.size() || !points[i + 1].y;
    const double x = x_of(points[i].x);
    const double y = y_of(*points[i].y);
    const bool alone = first && last;
    data += (first ? 'M' : 'L') + number(alone ? x - lone_point / 2 : x) + ' ' + number(y);
    if (alone) data += "h" + number(lone_point);
  }
  if (!data.empty()) lines_ += path(style, data);
}

void chart::outline(std::string_view style, const std::vector<step>& steps) {
  std::string data;
  for (const auto& each : steps) {
    data += data.empty() ? "M" + number(x_of(each.from)) + ' ' + number(y_of(each.y)) : "V" + number(y_of(each.y));
    data += "H" + number(x_of(each.to));
  }
  if (!data.empty()) lines_ += path(style, data);
}

void chart::filled(std::string_view style, const std::vector<step>& steps) {
  std::string data;
  for (const auto& each : steps) {
    if (data.empty()) data = "M" + number(x_of(each.from)) + ' ' + number(size);
    data += "V" + number(y_of(each.y)) + "H" + number(x_of(each.to));
  }
  if (!data.empty()) areas_ += path(style, data + "V" + number(size) + "Z");
}

void chart::between(std::string_view style, const std::vector<point>& one, const std::vector<point>& other) {
  std::string data;
  const auto add = [&](const point& each) {
    if (each.y) data += (data.empty() ? 'M' : 'L') + number(x_of(each.x)) + ' ' + number(y_of(*each.y));
  };
  std::for_each(one.begin(), one.end(), add);
  std::for_each(other.rbegin(), other.rend(), add);
  if (!data.empty()) areas_ += path(style, data + 'Z');
}

void chart::bar(std::string_view style, const step& of, std::string_view explanation) {
  const double left = x_of(of.from);
  const double width = x_of(of.to) - left;
  const double height = of.y > 0 ? std::max(size - y_of(of.y), least_bar) : 0;
  areas_ += rectangle(left + width * 0.06, size - height, width * 0.88, height) + " class=\"" + std::string{style} +
            "\">" + title(explanation) + "</rect>\n";
}

void chart::marker(std::string_view style, double x, std::string_view name) {
  const double at = x_of(x);
  lines_ += path(style, "M" + number(at) + " 0V" + number(size));
  const bool room_to_the_right = at <= size / 2;
  const auto place = room_to_the_right ? "margin-left:" + percent(at / size)
                                       : "margin-right:" + percent(1 - at / size) + ";text-align:right";
  marker_names_ += placed(style, place, name);
}

void chart::symbol(std::string_view style, double x, double y, std::string_view sign, std::string_view explanation) {
  symbols_ += "<span class=\"symbol " + std::string{style} + "\" style=\"left:" + percent(x_.along.position(x)) +
              ";bottom:" + percent(y_.along.position(y)) + "\" title=\"" + escaped(explanation) + "\">" +
              escaped(sign) + "</span>\n";
}

void chart::explain(double from, double to, std::string_view explanation) {
  const double left = x_of(from);
  explanations_ += rectangle(left, 0, x_of(to) - left, size) + '>' + title(explanation) + "</rect>\n";
}

void chart::legend(std::string_view style, std::string_view name) {
  legend_ += "<li><i class=\"" + std::string{style} + "\"></i>" + escaped(name) + "</li>";
}

std::string chart::grid() const {
  std::string data;
  for (const auto& each : y_.ticks) data += "M0 " + number(y_of(each.value)) + "H" + number(size);
  for (const auto& each : x_.ticks) data += "M" + number(x_of(each.value)) + " 0V" + number(size);
  return path("grid", data);
}

std::string chart::tick_labels() const {
  std::string out;
  for (const auto& each : y_.ticks) out += placed("y", "bottom:" + percent(y_.along.position(each.value)), each.label);
  for (const auto& each : x_.ticks) out += placed("x", "left:" + percent(x_.along.position(each.value)), each.label);
  return out;
}

std::string chart::html() const {
  std::string out = "<div class=\"chart\"><div class=\"head\"><p>" + escaped(y_.name) + "</p>";
  if (!legend_.empty()) out += "<ul>" + legend_ + "</ul>";
  out += "</div>";
  if (!band_names_.empty()) out += "\n<div class=\"bands\" aria-hidden=\"true\">" + band_names_ + "</div>";
  if (!marker_names_.empty()) out += "\n<div class=\"markers\" aria-hidden=\"true\">" + marker_names_ + "</div>";
  out += "\n<div class=\"plot\"><svg role=\"img\" aria-label=\"" + escaped(description_) +
         "\" viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\">\n";
  out += grid() + areas_ + lines_;
  if (!explanations_.empty()) out += "<g class=\"explained\">" + explanations_ + "</g>";
  out += "</svg>\n<div aria-hidden=\"true\">" + symbols_ + tick_labels() + "</div></div>\n<p class=\"foot\">" +
         escaped(x_.name) + "</p></div>\n";
  return out;
}

}  // namespace cohort::loadgen::html
