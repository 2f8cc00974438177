#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/outputs.hpp"

// Lines and tables for a terminal, measured in its columns. What reaches it has gone through `painted`: so no text from
// outside can send it a control character, and no line is wider than it.
namespace cohort::loadgen::terminal {

/// With `�` for each control character, mark that turns the direction of writing, and byte that is no UTF-8.
std::string printable(std::string_view text);

/// How many columns `printable(text)` takes: two for each East Asian wide character and emoji, none for what combines.
std::size_t width_of(std::string_view text);

/// Printable, of at most so many columns: with `…` for the end of what is too long.
std::string shortened(std::string_view text, std::size_t columns);

enum class paint { plain, dim, good, warning, bad, accent };

struct piece {
  std::string text;
  paint how = paint::plain;
  bool strong = false;
};

using line = std::vector<piece>;

/// Printable, of at most `style.columns`, with no line feed.
std::string painted(const line& of, text_style style);

/// Lines of at most so many columns, broken at spaces, with `indent` before each.
std::vector<line> wrapped(std::string_view text, std::size_t columns, std::size_t indent = 0, paint how = paint::plain);

/// Columns as wide as what is in them, two apart. Where they do not fit: one apart, then with the widest of those that
/// are aligned to the left shortened, then without those that can go, the greatest `goes` first.
class table {
 public:
  enum class align { left, right };
  struct column {
    std::string title;
    align how = align::right;
    unsigned goes = 0;  // never
  };
  using row = std::vector<piece>;

  /// The first one is aligned to the left whatever it says.
  explicit table(std::vector<column> columns);

  /// Cells that are missing at the end are empty.
  void add(row cells);
  bool empty() const noexcept { return rows_.empty(); }

  /// The titles, unless all are empty, and the rows.
  std::vector<line> lines(std::size_t columns, std::size_t indent = 0) const;

 private:
  struct layout {
    std::vector<std::size_t> widths;
    std::vector<bool> shown;
    std::size_t gap = 2;
    std::size_t width() const;
  };
  layout fitted(std::size_t columns) const;
  bool drop_one(layout& in) const;
  bool shorten_one(layout& in) const;
  line laid_out(const row& cells, const layout& in, std::size_t indent) const;

  std::vector<column> columns_;
  std::vector<row> rows_;
};

/// Text under headings.
class page {
 public:
  explicit page(text_style style) : style_(style) {}

  /// With an empty line before it, unless it is the first.
  page& heading(std::string_view text);
  page& add(const line& one);
  page& add(const table& rows);
  /// Wrapped.
  page& sentence(std::string_view text, paint how = paint::plain);
  page& blank();
  std::string text() && { return std::move(text_); }

 private:
  page& add(const std::vector<line>& lines);

  text_style style_;
  std::string text_;
};

}  // namespace cohort::loadgen::terminal
