// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "loadgen/terminal/table.hpp"

namespace cohort::loadgen::terminal {

/// Terminal output that consists of headings, sentences and tables.
class page {
 public:
  explicit page(output_options options) : options_(options) {}

  /// Preceded by an empty line, unless it is the first.
  page& heading(std::string_view text);
  page& add(const styled_line& line);
  page& add(const table& table);
  /// Wrapped.
  page& paragraph(std::string_view text, text_style style = text_style::plain);
  page& empty_line();
  std::string text() && { return std::move(text_); }

 private:
  page& add(const std::vector<styled_line>& lines);

  output_options options_;
  std::string text_;
};

}  // namespace cohort::loadgen::terminal
