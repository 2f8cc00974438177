#pragma once

#include <string>
#include <string_view>
#include <vector>

// The pieces of HTML that a report is put together from. All of it is well-formed XML, too.
namespace cohort::loadgen::html {

/// Fit for an element's content and for an attribute in quotes. What cannot be shown becomes `�`.
std::string escaped(std::string_view text);

/// What is HTML already. A string becomes that only by `text`, so that none gets in without being escaped.
struct markup {
  std::string html;
};

inline markup text(std::string_view plain) { return {escaped(plain)}; }

class table {
 public:
  enum class align { words, figures };
  struct column {
    std::string title;
    align how = align::figures;
  };

  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  /// As many as there are columns; the first is what the row is about.
  void add(const std::vector<markup>& cells);
  bool empty() const noexcept { return rows_.empty(); }
  /// Without a head if no column has a title.
  std::string html() const;

 private:
  std::vector<column> columns_;
  std::string rows_;
};

/// A part of the page under a heading; `note` says how to read it.
std::string section(std::string_view heading, std::string_view note, std::string_view html);

/// What is shown when asked for.
std::string folded(std::string_view summary, std::string_view html);

/// A drawing of 24 by 24 in the colour of the text around it; `path` is SVG's path data.
std::string icon(std::string_view path);

}  // namespace cohort::loadgen::html
