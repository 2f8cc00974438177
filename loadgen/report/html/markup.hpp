// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

// HTML elements that are also well-formed XML.
namespace cohort::loadgen::html {

/// Escapes text for element content and quoted attribute values. Control characters become U+FFFD.
std::string escape(std::string_view text);

/// Text in HTML. Plain text must be converted with `text`, which escapes it.
struct markup {
  std::string html;
};

inline markup text(std::string_view plain) { return {escape(plain)}; }

/// `<b class="…">…</b>`; `html` is trusted.
markup emphasize(std::string_view css_class, std::string_view html);

class table {
 public:
  enum class content { text, numbers };
  struct column {
    std::string title;
    content type = content::numbers;
  };

  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  /// Precondition: one cell for each column. The first cell is the header of the row.
  void add(const std::vector<markup>& cells);
  bool empty() const noexcept { return rows_.empty(); }
  /// The table in HTML. It has no header row if all titles are empty.
  std::string html() const;

 private:
  std::vector<column> columns_;
  std::string rows_;
};

/// A section with a heading and an explanation.
std::string section(std::string_view heading, std::string_view note, std::string_view html);

/// An element whose content is collapsed until the reader expands it.
std::string details(std::string_view summary, std::string_view html);

/// An icon of 24 by 24 units in the text color. `path` is SVG path data.
std::string icon(std::string_view path);

}  // namespace cohort::loadgen::html
