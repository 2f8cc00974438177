#include "loadgen/markup.hpp"

#include <algorithm>

#include "loadgen/terminal.hpp"

namespace cohort::loadgen::html {
namespace {

std::string_view class_of(table::align how) { return how == table::align::figures ? " class=\"figure\"" : ""; }

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : terminal::printable(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

void table::add(const std::vector<markup>& cells) {
  rows_ += "<tr>";
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string_view tag = i == 0 ? "th" : "td";
    rows_.append("<").append(tag).append(i == 0 ? " scope=\"row\"" : "").append(class_of(columns_[i].how)).append(">");
    rows_.append(cells.at(i).html).append("</").append(tag).append(">");
  }
  rows_ += "</tr>\n";
}

std::string table::html() const {
  std::string out = "<div class=\"scroll\"><table>";
  if (std::any_of(columns_.begin(), columns_.end(), [](const column& each) { return !each.title.empty(); })) {
    out += "<thead><tr>";
    for (const auto& each : columns_) {
      out.append("<th scope=\"col\"")
          .append(class_of(each.how))
          .append(">")
          .append(escaped(each.title))
          .append("</th>");
    }
    out += "</tr></thead>";
  }
  return out.append("<tbody>\n").append(rows_).append("</tbody></table></div>\n");
}

std::string section(std::string_view heading, std::string_view note, std::string_view html) {
  std::string out = "<section class=\"panel\"><h2>";
  out.append(escaped(heading)).append("</h2>\n");
  if (!note.empty()) out.append("<p class=\"note\">").append(escaped(note)).append("</p>\n");
  return out.append(html).append("</section>\n");
}

std::string folded(std::string_view summary, std::string_view html) {
  std::string out = "<details><summary>";
  return out.append(escaped(summary)).append("</summary>\n").append(html).append("</details>\n");
}

std::string icon(std::string_view path) {
  std::string out = R"(<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=")";
  return out.append(path).append("\"/></svg>");
}

}  // namespace cohort::loadgen::html
