// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

// Text for a terminal, measured in its columns.
namespace cohort::loadgen::terminal {

/// The text with U+FFFD in place of each control or format character (C0, C1, bidirectional marks, line separators) and
/// each byte that is not part of valid UTF-8. Zero-width spaces and joiners are kept.
std::string sanitize(std::string_view text);

/// The columns of `sanitize(text)`: two for an East Asian wide character or emoji, none for a combining mark.
std::size_t display_width(std::string_view text);

/// The longest prefix of at most `columns` columns. Precondition: `text` is sanitized.
std::string_view prefix_of_width(std::string_view text, std::size_t columns);

/// The sanitized text in at most `columns` columns; longer text is truncated with `…`.
std::string truncate(std::string_view text, std::size_t columns);

}  // namespace cohort::loadgen::terminal
