// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "loadgen/terminal/styled_line.hpp"

namespace cohort::loadgen::terminal {

inline constexpr output_options plain_output{false, 80};

inline std::string render_lines(const std::vector<styled_line>& lines) {
  std::string text;
  for (const auto& line : lines) text += render(line, plain_output) + '\n';
  return text;
}

}  // namespace cohort::loadgen::terminal
