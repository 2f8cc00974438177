// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/html/markup.hpp"

#include <algorithm>

#include <cohort/http/message/html.hpp>
#include "loadgen/terminal/unicode_text.hpp"

namespace cohort::loadgen::html {
namespace {

std::string_view class_attribute(table::content type) {
  return type == table::content::numbers ? " class=\"figure\"" : "";
}

}  // namespace

std::string escape(std::string_view text) { return http::escape_html(terminal::sanitize(text)); }

markup emphasize(std::string_view css_class, std::string_view html) {
  std::string element = "<b class=\"";
  return {element.append(css_class).append("\">").append(html).append("</b>")};
}

void table::add(const std::vector<markup>& cells) {
  rows_ += "<tr>";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string_view tag = i == 0 ? "th" : "td";
    rows_.append("<").append(tag).append(i == 0 ? " scope=\"row\"" : "");
    rows_.append(class_attribute(columns_[i].type)).append(">").append(cells.at(i).html);
    rows_.append("</").append(tag).append(">");
  }
  rows_ += "</tr>\n";
}

std::string table::html() const {
  std::string html = "<div class=\"scroll\"><table>";
  if (std::any_of(columns_.begin(), columns_.end(), [](const column& column) { return !column.title.empty(); })) {
    html += "<thead><tr>";
    for (const auto& column : columns_) {
      html.append("<th scope=\"col\"").append(class_attribute(column.type)).append(">");
      html.append(escape(column.title)).append("</th>");
    }
    html += "</tr></thead>";
  }
  return html.append("<tbody>\n").append(rows_).append("</tbody></table></div>\n");
}

std::string section(std::string_view heading, std::string_view note, std::string_view html) {
  std::string section = "<section class=\"panel\"><h2>";
  section.append(escape(heading)).append("</h2>\n");
  if (!note.empty()) section.append("<p class=\"note\">").append(escape(note)).append("</p>\n");
  return section.append(html).append("</section>\n");
}

std::string details(std::string_view summary, std::string_view html) {
  std::string details = "<details><summary>";
  return details.append(escape(summary)).append("</summary>\n").append(html).append("</details>\n");
}

std::string icon(std::string_view path) {
  std::string svg = R"(<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=")";
  return svg.append(path).append("\"/></svg>");
}

}  // namespace cohort::loadgen::html
