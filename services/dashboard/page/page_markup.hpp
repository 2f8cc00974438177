// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort::dashboard {

/// The icon and the color of a badge. `icon` is the ID of a symbol of the page without `icon-`; `tone` is `good`,
/// `warn`, `bad` or `idle`.
struct badge_style {
  std::string_view icon;
  std::string_view tone;
};

/// Returns the HTML of a badge. `label` is escaped.
std::string badge_html(badge_style style, std::string_view label);

/// Returns a count and its noun in singular or plural, such as `2 alerts`.
std::string pluralize(std::size_t count, std::string_view noun);

/// Returns a UTF-8 text, truncated to `max_characters` characters; a truncated text ends in an ellipsis.
std::string truncate(std::string_view text, std::size_t max_characters);

}  // namespace cohort::dashboard
