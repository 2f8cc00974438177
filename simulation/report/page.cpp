// SPDX-License-Identifier: BSL-1.0
#include "simulation/report/page.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "loadgen/report/html/markup.hpp"
#include "loadgen/report/html/sections.hpp"

namespace cohort::simulation {

std::string render_page(std::string_view title, std::string_view lead, std::string_view content) {
  using loadgen::html::escape;
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>";
  page.append(escape(title)).append("</title>\n<style>\n").append(loadgen::html::style_sheet());
  page.append("</style>\n</head>\n<body>\n<header>\n<h1>").append(escape(title)).append("</h1>\n<p class=\"lead\">");
  page.append(escape(lead)).append("</p>\n</header>\n<main>\n").append(content);
  return page.append("</main>\n</body>\n</html>\n");
}

std::string command_line(int argc, const char* const* argv) {
  std::string command;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const bool is_plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             std::string_view{"-_./=,:%"}.find(c) != std::string_view::npos;
    });
    command.append(i == 0 ? "" : " ").append(is_plain ? word : "'" + word + "'");
  }
  return command;
}

std::string read_file(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream{path, std::ios::binary}.rdbuf();
  return content.str();
}

bool write_file(const std::string& path, const std::string& content) {
  std::ofstream file{path, std::ios::binary};
  file << content;
  file.close();
  return static_cast<bool>(file);
}

std::string percent(double ratio) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", ratio * 100);
  return text.data();
}

loadgen::html::axis goodput_axis() {
  // Adds a margin of 2 % above the maximum, because a line at the edge would be hard to see.
  loadgen::html::axis axis{loadgen::html::scale::linear(0, 1.02), {}, "goodput"};
  for (int percentage = 0; percentage <= 100; percentage += 20) {
    axis.ticks.push_back({percentage / 100.0, std::to_string(percentage) + " %"});
  }
  return axis;
}

std::string add_comma_spaces(std::string_view list) {
  std::string text;
  for (const char c : list) {
    text += c;
    if (c == ',') text += ' ';
  }
  return text;
}

}  // namespace cohort::simulation
