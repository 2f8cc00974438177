// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/styled_line.hpp"

#include <array>

namespace cohort::loadgen::terminal {
namespace {

constexpr std::string_view reset_sequence = "\x1b[0m";

/// The Select Graphic Rendition sequence (ECMA-48, 8.3.117) of a span, with the colors of the terminal's theme. Empty
/// for plain text.
std::string style_sequence(const text_span& span) {
  constexpr std::array<std::string_view, 6> sgr_codes{"", "2", "32", "33", "31", "36"};  // in the order of `text_style`
  std::string code{sgr_codes[static_cast<std::size_t>(span.style)]};
  if (span.is_bold) code = code.empty() ? "1" : "1;" + code;
  return code.empty() ? code : "\x1b[" + code + 'm';
}

}  // namespace

std::string render(const styled_line& line, output_options options) {
  std::string rendered;
  std::size_t columns_left = options.columns;
  for (const auto& span : line) {
    const auto text = truncate(span.text, columns_left);
    columns_left -= display_width(text);
    const auto sequence = options.use_color && !text.empty() ? style_sequence(span) : std::string{};
    rendered += sequence;
    rendered += text;
    if (!sequence.empty()) rendered += reset_sequence;
  }
  return rendered;
}

std::vector<styled_line> wrap(std::string_view text, std::size_t columns, std::size_t indent, text_style style) {
  const auto width = columns > indent ? columns - indent : 1;
  const auto sanitized = sanitize(text);
  std::string_view rest = sanitized;
  std::vector<styled_line> lines;
  while (!rest.empty()) {
    auto part = prefix_of_width(rest, width);
    if (part.empty()) part = rest;  // a wide character does not fit; `render` truncates the line
    const bool breaks_word = part.size() < rest.size() && rest[part.size()] != ' ';
    if (const auto space = part.rfind(' '); breaks_word && space != std::string_view::npos && space > 0) {
      part = part.substr(0, space);
    }
    lines.push_back({{std::string(indent, ' ')}, {std::string{part}, style}});
    rest.remove_prefix(part.size());
    while (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  return lines;
}

}  // namespace cohort::loadgen::terminal
