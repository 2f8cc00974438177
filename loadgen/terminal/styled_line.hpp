// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/terminal/unicode_text.hpp"

namespace cohort::loadgen::terminal {

/// The capabilities of the output.
struct output_options {
  bool use_color = false;
  unsigned columns = 80;
};

enum class text_style { plain, dim, success, warning, error, accent };

struct text_span {
  std::string text;
  text_style style = text_style::plain;
  bool is_bold = false;
};

using styled_line = std::vector<text_span>;

/// The line as sent to the terminal: sanitized, at most `options.columns` wide, without a line feed.
std::string render(const styled_line& line, output_options options);

/// Sanitized text as lines of at most `columns` columns, broken at spaces, with `indent` spaces before each line.
std::vector<styled_line> wrap(std::string_view text, std::size_t columns, std::size_t indent = 0,
                              text_style style = text_style::plain);

}  // namespace cohort::loadgen::terminal
