// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <cohort/runtime/time/deadline.hpp>

// Elements of the debug page. Texts are escaped; parameters named `html` are not.
namespace cohort::service::markup {

/// The tone of a badge, from the best state to the worst.
enum class tone { idle, good, warn, bad };

std::string_view to_string(tone value) noexcept;

std::string badge(std::string_view text, tone value);
/// A secondary text, below the main text of a cell.
std::string secondary_text(std::string_view text);
std::string code(std::string_view text);

/// The cells of a table row.
class row {
 public:
  /// Appends escaped text; `css_class` may be empty.
  row& text(std::string_view content, std::string_view css_class = {});
  row& number(std::size_t value) { return text(std::to_string(value), "number"); }
  row& html(std::string content, std::string_view css_class = {});

 private:
  friend std::string table(std::string_view, std::initializer_list<std::string_view>, const std::vector<row>&);
  struct cell {
    std::string html;
    std::string css_class;
  };
  std::vector<cell> cells_;
};

/// A table; without rows, the text "None.". `name` is the accessible name of the table. A row has a cell for each of
/// `headings`.
std::string table(std::string_view name, std::initializer_list<std::string_view> headings,
                  const std::vector<row>& rows);

/// A bar that shows the elapsed fraction of the time from `started` to the deadline; empty without a deadline.
std::string meter(time_point started, deadline end_deadline, time_point now);
/// The remaining time until the deadline, with the bar of `meter`.
std::string budget(time_point started, deadline end_deadline, time_point now);

}  // namespace cohort::service::markup
