// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/debug/debug_markup.hpp>

#include <algorithm>
#include <array>

#include <cohort/http/message/html.hpp>
#include <cohort/runtime/time/duration_format.hpp>

namespace cohort::service::markup {
namespace {

std::string element(std::string_view tag, std::string_view attributes, std::string_view text) {
  std::string html = "<";
  html.append(tag).append(attributes).append(">").append(http::escape_html(text));
  return html.append("</").append(tag).append(">");
}

std::string class_attribute(std::string_view css_class) {
  return css_class.empty() ? std::string{} : " class=\"" + std::string{css_class} + "\"";
}

}  // namespace

std::string_view to_string(tone value) noexcept {
  static constexpr std::array<std::string_view, 4> names{"idle", "good", "warn", "bad"};
  return names.at(static_cast<std::size_t>(value));
}

std::string badge(std::string_view text, tone value) {
  return element("span", " class=\"badge\" data-tone=\"" + std::string{to_string(value)} + "\"", text);
}

std::string secondary_text(std::string_view text) { return element("small", {}, text); }

std::string code(std::string_view text) { return element("code", {}, text); }

row& row::text(std::string_view content, std::string_view css_class) {
  return html(element("span", {}, content.empty() ? "–" : content), css_class);
}

row& row::html(std::string content, std::string_view css_class) {
  cells_.push_back({std::move(content), std::string{css_class}});
  return *this;
}

std::string table(std::string_view name, std::initializer_list<std::string_view> headings,
                  const std::vector<row>& rows) {
  if (rows.empty()) return "<p class=\"quiet\">None.</p>\n";
  auto html = "<table aria-label=\"" + http::escape_html(name) + "\"><thead><tr>";
  for (const auto heading : headings) html += element("th", " scope=\"col\"", heading);
  html += "</tr></thead>\n<tbody>";
  for (const auto& each : rows) {
    html += "<tr>";
    const auto* head = headings.begin();
    for (const auto& cell : each.cells_) {
      html.append("<td data-label=\"").append(http::escape_html(*head++)).append("\"");
      html.append(class_attribute(cell.css_class)).append(">").append(cell.html).append("</td>");
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table>\n";
}

std::string meter(time_point started, deadline end_deadline, time_point now) {
  if (end_deadline.is_never()) return {};
  const auto total = end_deadline.time() - started;
  const auto share = total > duration::zero() ? to_seconds(now - started) / to_seconds(total) : 1;
  // A presentational attribute, since the policy forbids inline styles.
  const auto percent = static_cast<int>(std::clamp(100 * share, 0.0, 100.0));
  const auto* const css_class = percent >= 100 ? "over" : percent >= 80 ? "late" : "early";
  return "<svg class=\"meter\" aria-hidden=\"true\"><rect class=\"" + std::string{css_class} + "\" width=\"" +
         std::to_string(percent) + "%\" height=\"100%\"/></svg>";
}

std::string budget(time_point started, deadline end_deadline, time_point now) {
  if (end_deadline.is_never()) return element("span", {}, "no deadline");
  const auto total = end_deadline.remaining(started);
  const auto text =
      end_deadline.expired(now)
          ? element("span", " class=\"late\"",
                    format_duration(now - end_deadline.time()) + " over " + format_duration(total))
          : element("span", {}, format_duration(end_deadline.remaining(now)) + " of " + format_duration(total));
  return text + meter(started, end_deadline, now);
}

}  // namespace cohort::service::markup
