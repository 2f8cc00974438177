// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/page.hpp"

namespace cohort::loadgen::terminal {
namespace {

constexpr std::size_t content_indent = 2;

}  // namespace

page& page::heading(std::string_view text) {
  if (!text_.empty()) empty_line();
  return add(styled_line{{std::string{text}, text_style::plain, true}});
}

page& page::add(const styled_line& line) {
  text_ += render(line, options_) + '\n';
  return *this;
}

page& page::add(const table& table) { return add(table.lines(options_.columns, content_indent)); }

page& page::paragraph(std::string_view text, text_style style) {
  return add(wrap(text, options_.columns, content_indent, style));
}

page& page::empty_line() {
  text_ += '\n';
  return *this;
}

page& page::add(const std::vector<styled_line>& lines) {
  for (const auto& line : lines) add(line);
  return *this;
}

}  // namespace cohort::loadgen::terminal
