// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "loadgen/report/html/axis.hpp"

namespace cohort::simulation {

/// Returns a page without scripts. `content` is trusted HTML, and the other parameters are plain text.
std::string render_page(std::string_view title, std::string_view lead, std::string_view content);

/// Returns the current command with its arguments, quoted for a shell.
std::string command_line(int argc, const char* const* argv);

/// Returns the content of a file; empty if it cannot be read.
std::string read_file(const std::string& path);

/// Writes a file. Returns false on failure.
bool write_file(const std::string& path, const std::string& content);

/// `12.3 %`.
std::string percent(double ratio);

/// An axis from 0 to 100 % for ratios.
loadgen::html::axis goodput_axis();

/// Adds a space after each comma of a list, such as the settings of a policy, so that a table can wrap the list.
std::string add_comma_spaces(std::string_view list);

}  // namespace cohort::simulation
