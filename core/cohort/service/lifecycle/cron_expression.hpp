// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bitset>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include <cohort/runtime/task.hpp>
#include <cohort/runtime/time/clock.hpp>

namespace cohort::service {

/// The times of a schedule: five fields, separated by whitespace, as in crontab(5).
///
/// | field | values |
/// |---|---|
/// | minute | 0–59 |
/// | hour | 0–23 |
/// | day of month | 1–31 |
/// | month | 1–12, or jan–dec |
/// | day of week | 0–7, or sun–sat; 0 and 7 are Sunday |
///
/// A field is `*`, or a list (`,`) of values and ranges (`-`); `*` and ranges can have a step (`/`). Names are
/// case-insensitive. If both day fields are restricted, a day that matches either of them matches. The times are in the
/// time zone of the process (the variable TZ, otherwise the system's).
///
/// At a change of daylight saving time, the schedule behaves like Vixie cron: with `*` as the first character of the
/// hour, the schedule follows the clock. Otherwise, each time of a day matches once: a skipped time matches at the end
/// of the gap, and a repeated time matches at its first occurrence.
class cron_expression {
 public:
  /// Returns an error message with the field, its value and the accepted values if `text` is invalid or describes a
  /// date that does not exist, such as February 30.
  static result<cron_expression, std::string> parse(std::string_view text);

  /// The first matching time after `after`; always a full minute. Empty if no time matches within the next nine years.
  std::optional<wall_time> next(wall_time after) const;
  const std::string& text() const noexcept { return text_; }

 private:
  struct field_range;
  static std::optional<std::string> parse_field(std::string_view text, const field_range& range,
                                                std::bitset<64>& values);
  static std::optional<std::string> parse_item(std::string_view text, const field_range& range,
                                               std::bitset<64>& values);

  bool matches_date(const std::tm& local) const noexcept;
  bool matches(const std::tm& local) const noexcept;
  /// Whether the clock skips a matching time in the gap that ends at `end`.
  bool matches_in_gap(std::time_t end, long length) const;
  static std::time_t next_candidate(const std::tm& local, std::time_t current, bool is_same_date, bool is_same_hour);

  std::string text_;
  std::bitset<64> minutes_, hours_, days_, months_, weekdays_;
  bool is_any_day_ = false;
  bool is_any_weekday_ = false;
  bool is_any_hour_ = false;
};

}  // namespace cohort::service
