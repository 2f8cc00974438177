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

/// The HTML of a badge. `label` is escaped.
std::string badge_html(badge_style style, std::string_view label);

/// A count and its noun in singular or plural, such as `2 alerts`.
std::string counted(std::size_t count, std::string_view noun);

/// The first `max_characters` characters of a UTF-8 text; a longer text ends in an ellipsis.
std::string bounded(std::string_view text, std::size_t max_characters);

}  // namespace cohort::dashboard
