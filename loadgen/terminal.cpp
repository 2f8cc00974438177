#include "loadgen/terminal.hpp"

#include <algorithm>
#include <array>
#include <boost/locale/utf.hpp>
#include <limits>
#include <numeric>

namespace cohort::loadgen::terminal {
namespace {

namespace utf = boost::locale::utf;

constexpr std::size_t shortest_name = 8;
constexpr std::size_t page_indent = 2;

struct range {
  char32_t first;
  char32_t last;
};

// C0, DEL, C1; marks of direction (UAX 9), which would show text in another order than it is; separators of lines.
constexpr std::array unprintable{range{0, 0x1f},        range{0x7f, 0x9f},     range{0x61c, 0x61c},
                                 range{0x200e, 0x200f}, range{0x2028, 0x202e}, range{0x2066, 0x2069},
                                 range{0xfeff, 0xfeff}, range{0xfff9, 0xfffb}, range{0xe0000, 0xe0fff}};
// Combining marks and joiners, as far as terminals agree on them.
constexpr std::array without_width{range{0x300, 0x36f}, range{0x200b, 0x200d}, range{0x20d0, 0x20ff},
                                   range{0xfe00, 0xfe0f}, range{0xfe20, 0xfe2f}};
// Wide or full-width (UAX 11), in whole blocks.
constexpr std::array wide{range{0x1100, 0x115f},   range{0x2e80, 0x303e},   range{0x3041, 0xa4cf},
                          range{0xa960, 0xa97f},   range{0xac00, 0xd7a3},   range{0xf900, 0xfaff},
                          range{0xfe30, 0xfe6f},   range{0xff00, 0xff60},   range{0xffe0, 0xffe6},
                          range{0x1f300, 0x1f64f}, range{0x1f680, 0x1f6ff}, range{0x1f900, 0x1faff},
                          range{0x20000, 0x3fffd}};

template <std::size_t Size>
constexpr bool is_in(const std::array<range, Size>& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const range& one) { return point >= one.first && point <= one.last; });
}

std::size_t columns_of(char32_t point) { return is_in(without_width, point) ? 0 : is_in(wide, point) ? 2 : 1; }

struct character {
  std::string_view bytes;
  std::size_t columns;
};

/// Calls with each printable character.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* next = at;
    const auto point = utf::utf_traits<char>::decode(next, end);
    if (!utf::is_valid_codepoint(point)) {
      visit(character{"\ufffd", 1});
      ++at;  // what follows may be whole
    } else {
      const std::string_view bytes{at, static_cast<std::size_t>(next - at)};
      visit(is_in(unprintable, point) ? character{"\ufffd", 1} : character{bytes, columns_of(point)});
      at = next;
    }
  }
}

/// Select Graphic Rendition (ECMA-48, 8.3.117) with the colours that a terminal's theme gives; empty for plain text.
std::string escape_of(const piece& of) {
  constexpr std::array<std::string_view, 6> codes{"", "2", "32", "33", "31", "36"};  // in the order of `paint`
  std::string code{codes[static_cast<std::size_t>(of.how)]};
  if (of.strong) code = code.empty() ? "1" : "1;" + code;
  return code.empty() ? code : "\x1b[" + code + 'm';
}

/// The longest start of printable text that has so few columns.
std::string_view start_of(std::string_view text, std::size_t columns) {
  std::size_t width = 0;
  std::size_t length = 0;
  bool full = false;
  for_each_character(text, [&](const character& one) {
    full = full || width + one.columns > columns;
    if (full) return;
    width += one.columns;
    length += one.bytes.size();
  });
  return text.substr(0, length);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string clean;
  for_each_character(text, [&](const character& one) { clean += one.bytes; });
  return clean;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for_each_character(text, [&](const character& one) { width += one.columns; });
  return width;
}

std::string shortened(std::string_view text, std::size_t columns) {
  auto clean = printable(text);
  if (width_of(clean) <= columns) return clean;
  if (columns == 0) return {};
  return std::string{start_of(clean, columns - 1)} + "…";
}

std::string painted(const line& of, text_style style) {
  std::string out;
  std::size_t left = style.columns;
  for (const auto& part : of) {
    const auto text = shortened(part.text, left);
    left -= width_of(text);
    const auto escape = style.colour && !text.empty() ? escape_of(part) : std::string{};
    out += escape;
    out += text;
    if (!escape.empty()) out += "\x1b[0m";
  }
  return out;
}

std::vector<line> wrapped(std::string_view text, std::size_t columns, std::size_t indent, paint how) {
  const auto room = columns > indent ? columns - indent : 1;
  const auto clean = printable(text);
  std::string_view rest = clean;
  std::vector<line> lines;
  while (!rest.empty()) {
    auto taken = start_of(rest, room);
    if (taken.empty()) taken = rest;  // not even one character has room, as it is a wide one; `painted` cuts it off
    if (taken.size() < rest.size() && rest[taken.size()] != ' ') {
      if (const auto space = taken.rfind(' '); space != std::string_view::npos && space > 0) {
        taken = taken.substr(0, space);
      }
    }
    lines.push_back({{std::string(indent, ' ')}, {std::string{taken}, how}});
    rest.remove_prefix(taken.size());
    while (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  return lines;
}

table::table(std::vector<column> columns) : columns_(std::move(columns)) { columns_.front().how = align::left; }

void table::add(row cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::size_t table::layout::width() const {
  std::size_t sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (!shown[i]) continue;
    sum += widths[i];
    ++count;
  }
  return count == 0 ? 0 : sum + (count - 1) * gap;
}

bool table::drop_one(layout& in) const {
  std::size_t which = 0;
  for (std::size_t i = 1; i < columns_.size(); ++i) {
    if (in.shown[i] && columns_[i].goes > (which == 0 ? 0 : columns_[which].goes)) which = i;
  }
  if (which == 0) return false;
  in.shown[which] = false;
  return true;
}

bool table::shorten_one(layout& in) const {
  std::size_t which = columns_.size();
  std::size_t widest = shortest_name;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!in.shown[i] || columns_[i].how == align::right || in.widths[i] <= widest) continue;
    which = i;
    widest = in.widths[i];
  }
  if (which == columns_.size()) return false;
  --in.widths[which];
  return true;
}

table::layout table::fitted(std::size_t columns) const {
  layout in;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = width_of(columns_[i].title);
    for (const auto& cells : rows_) width = std::max(width, width_of(cells[i].text));
    in.widths.push_back(width);
    in.shown.push_back(width > 0);
  }
  const auto widths = in.widths;
  while (in.width() > columns) {
    in.gap = 1;
    while (in.width() > columns && shorten_one(in)) {
    }
    if (in.width() <= columns || !drop_one(in)) break;
    in.widths = widths;
    in.gap = 2;
  }
  return in;
}

line table::laid_out(const row& cells, const layout& in, std::size_t indent) const {
  line made;
  std::string space(indent, ' ');
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!in.shown[i]) continue;
    auto text = shortened(cells[i].text, in.widths[i]);
    const std::string filling(in.widths[i] - width_of(text), ' ');
    if (columns_[i].how == align::right) space += filling;
    if (!text.empty()) {
      made.push_back({std::exchange(space, {})});
      made.push_back({std::move(text), cells[i].how, cells[i].strong});
    }
    if (columns_[i].how == align::left) space += filling;
    space.append(in.gap, ' ');
  }
  return made;
}

std::vector<line> table::lines(std::size_t columns, std::size_t indent) const {
  const auto in = fitted(columns > indent ? columns - indent : 0);
  row titles;
  for (const auto& one : columns_) titles.push_back({one.title, paint::dim});
  std::vector<line> made;
  if (auto top = laid_out(titles, in, indent); !top.empty()) made.push_back(std::move(top));
  for (const auto& cells : rows_) made.push_back(laid_out(cells, in, indent));
  return made;
}

page& page::heading(std::string_view text) {
  if (!text_.empty()) blank();
  return add(line{{std::string{text}, paint::plain, true}});
}

page& page::add(const line& one) {
  text_ += painted(one, style_) + '\n';
  return *this;
}

page& page::add(const table& rows) { return add(rows.lines(style_.columns, page_indent)); }

page& page::sentence(std::string_view text, paint how) { return add(wrapped(text, style_.columns, page_indent, how)); }

page& page::blank() {
  text_ += '\n';
  return *this;
}

page& page::add(const std::vector<line>& lines) {
  for (const auto& one : lines) add(one);
  return *this;
}

}  // namespace cohort::loadgen::terminal
