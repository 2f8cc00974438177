// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "loadgen/terminal/styled_line.hpp"

namespace cohort::loadgen::terminal {

/// A table with columns as wide as their content, two spaces apart. A table that is too wide is narrowed in this order:
/// gaps of one space, shorter cells in the widest left-aligned columns, fewer columns.
class table {
 public:
  enum class alignment { left, right };
  struct column {
    std::string title;
    alignment align = alignment::right;
    /// Columns with a higher value are dropped first; a column with zero is never dropped.
    unsigned drop_order = 0;
  };
  using row = std::vector<text_span>;

  /// The first column is left-aligned.
  explicit table(std::vector<column> columns);

  /// Missing cells at the end of a row are empty.
  void add(row cells);
  bool empty() const noexcept { return rows_.empty(); }

  /// The titles, unless all are empty, and the rows. Empty columns are omitted.
  std::vector<styled_line> lines(std::size_t columns, std::size_t indent = 0) const;

 private:
  struct layout {
    std::vector<std::size_t> widths;
    std::vector<bool> is_shown;
    std::size_t gap = 2;
    std::size_t total_width() const;
  };
  layout fit(std::size_t columns) const;
  bool drop_column(layout& current) const;
  bool narrow_column(layout& current) const;
  styled_line format_row(const row& cells, const layout& current, std::size_t indent) const;

  std::vector<column> columns_;
  std::vector<row> rows_;
};

}  // namespace cohort::loadgen::terminal
