// SPDX-License-Identifier: BSL-1.0
#include "loadgen/terminal/table.hpp"

#include <algorithm>
#include <utility>

namespace cohort::loadgen::terminal {
namespace {

constexpr std::size_t min_narrowed_width = 8;

}  // namespace

table::table(std::vector<column> columns) : columns_(std::move(columns)) { columns_.front().align = alignment::left; }

void table::add(row cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::size_t table::layout::total_width() const {
  std::size_t sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (!is_shown[i]) continue;
    sum += widths[i];
    ++count;
  }
  return count == 0 ? 0 : sum + (count - 1) * gap;
}

/// Hides the column with the highest drop order. Returns false if no column may be dropped.
bool table::drop_column(layout& current) const {
  std::size_t dropped = 0;
  unsigned max_order = 0;
  for (std::size_t i = 1; i < columns_.size(); ++i) {
    if (!current.is_shown[i] || columns_[i].drop_order <= max_order) continue;
    dropped = i;
    max_order = columns_[i].drop_order;
  }
  if (dropped == 0) return false;
  current.is_shown[dropped] = false;
  return true;
}

/// Narrows the widest left-aligned column by one space. Returns false if all columns have their minimum width.
bool table::narrow_column(layout& current) const {
  std::size_t widest_column = columns_.size();
  std::size_t max_width = min_narrowed_width;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool can_narrow = current.is_shown[i] && columns_[i].align == alignment::left;
    if (!can_narrow || current.widths[i] <= max_width) continue;
    widest_column = i;
    max_width = current.widths[i];
  }
  if (widest_column == columns_.size()) return false;
  --current.widths[widest_column];
  return true;
}

table::layout table::fit(std::size_t columns) const {
  layout current;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = display_width(columns_[i].title);
    for (const auto& cells : rows_) width = std::max(width, display_width(cells[i].text));
    current.widths.push_back(width);
    current.is_shown.push_back(width > 0);
  }
  const auto content_widths = current.widths;
  while (current.total_width() > columns) {
    current.gap = 1;
    while (current.total_width() > columns && narrow_column(current)) {
    }
    if (current.total_width() <= columns || !drop_column(current)) break;
    current.widths = content_widths;
    current.gap = 2;
  }
  return current;
}

styled_line table::format_row(const row& cells, const layout& current, std::size_t indent) const {
  styled_line line;
  std::string space(indent, ' ');
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!current.is_shown[i]) continue;
    auto text = truncate(cells[i].text, current.widths[i]);
    const std::string padding(current.widths[i] - display_width(text), ' ');
    if (columns_[i].align == alignment::right) space += padding;
    if (!text.empty()) {
      line.push_back({std::exchange(space, {})});
      line.push_back({std::move(text), cells[i].style, cells[i].is_bold});
    }
    if (columns_[i].align == alignment::left) space += padding;
    space.append(current.gap, ' ');
  }
  return line;
}

std::vector<styled_line> table::lines(std::size_t columns, std::size_t indent) const {
  const auto fitted_layout = fit(columns > indent ? columns - indent : 0);
  row titles;
  for (const auto& column : columns_) titles.push_back({column.title, text_style::dim});
  std::vector<styled_line> lines;
  if (auto title_line = format_row(titles, fitted_layout, indent); !title_line.empty())
    lines.push_back(std::move(title_line));
  for (const auto& cells : rows_) lines.push_back(format_row(cells, fitted_layout, indent));
  return lines;
}

}  // namespace cohort::loadgen::terminal
