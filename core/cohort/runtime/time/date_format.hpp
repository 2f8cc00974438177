// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <cohort/runtime/time/clock.hpp>

namespace cohort {

/// Date text of a fixed length. Formatting does not allocate and does not depend on the locale.
template <std::size_t Length>
struct date_text {
  std::array<char, Length> characters;

  constexpr operator std::string_view() const noexcept { return {characters.data(), Length}; }
  std::string str() const { return {characters.data(), Length}; }
  friend bool operator==(const date_text& text, std::string_view other) noexcept {
    return std::string_view{text} == other;
  }
};

/// IMF-fixdate in UTC, as in the HTTP field Date: `Sun, 22 Nov 2026 13:05:09 GMT`. Rounds down to seconds.
/// Source: RFC 9110, section 5.6.7.
date_text<29> format_imf_fixdate(wall_time time) noexcept;

/// RFC 3339 in UTC: `2026-11-22T13:05:09Z`. Rounds down to seconds.
date_text<20> format_rfc3339(wall_time time) noexcept;

/// RFC 3339 in UTC: `2026-11-22T13:05:09.120Z`. Rounds down to milliseconds.
date_text<24> format_rfc3339_milliseconds(wall_time time) noexcept;

/// Changes `text`, which `format_rfc3339_milliseconds` returned for another time in the same second, to the text of
/// `time`, without the cost of formatting the date.
void replace_milliseconds(date_text<24>& text, wall_time time) noexcept;

/// A time in the local time zone (the variable TZ, otherwise the system's).
struct local_date_text {
  std::string timestamp;  ///< `2026-11-22 13:05:09`
  std::string rfc3339;    ///< `2026-11-22T13:05:09+02:00`
  std::string time_zone;  ///< the zone's abbreviation: `IST`
};

/// Rounds down to seconds. Takes a lock that all threads share (glibc's `localtime_r`), so cache the result on hot
/// paths.
local_date_text format_local_date(wall_time time);

}  // namespace cohort
