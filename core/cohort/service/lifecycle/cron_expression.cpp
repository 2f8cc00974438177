// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/lifecycle/cron_expression.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <vector>

namespace cohort::service {
namespace {

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::time_t minute = 60;
constexpr std::time_t hour = 60 * minute;
constexpr std::time_t day = 24 * hour;
/// Maximum change of a time zone's offset by daylight saving time.
constexpr std::time_t max_shift = 3 * hour;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> split_fields(std::string_view text) {
  std::vector<std::string_view> fields;
  constexpr std::string_view whitespace = " \t";
  for (auto begin = text.find_first_not_of(whitespace); begin != std::string_view::npos;) {
    const auto end = text.find_first_of(whitespace, begin);
    fields.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(whitespace, end);
  }
  return fields;
}

std::optional<int> parse_number(std::string_view text) {
  int value = 0;
  const auto* const end = text.data() + text.size();
  if (text.empty() || text.size() > 2 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  return std::from_chars(text.data(), end, value).ptr == end ? std::optional{value} : std::nullopt;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case,
                            [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

std::tm local_time(std::time_t time) {
  std::tm local{};
  ::localtime_r(&time, &local);
  return local;
}

/// Whether this local time already occurred before the clock was set back.
bool is_repeated(std::time_t time, const std::tm& local) {
  const auto offset_before = local_time(time - max_shift).tm_gmtoff;
  if (offset_before <= local.tm_gmtoff) return false;
  return local_time(time - (offset_before - local.tm_gmtoff)).tm_gmtoff == offset_before;
}

}  // namespace

struct cron_expression::field_range {
  std::string_view name;
  int min;
  int max;
  const std::string_view* names = nullptr;
  std::size_t name_count = 0;
  int first_name_value = 0;

  std::optional<int> value_of(std::string_view text) const {
    for (std::size_t i = 0; i < name_count; ++i) {
      if (equals_ignoring_case(text, names[i])) return first_name_value + static_cast<int>(i);
    }
    const auto number = parse_number(text);
    return number && *number >= min && *number <= max ? number : std::nullopt;
  }
  std::string accepted() const {
    auto text = "from " + std::to_string(min) + " to " + std::to_string(max);
    if (name_count > 0) text.append(", or ").append(names[0]).append(" to ").append(names[name_count - 1]);
    return text;
  }
  std::string error(std::string_view value, const std::string& reason) const {
    return std::string{name} + " \"" + std::string{value} + "\" " + reason;
  }
};

std::optional<std::string> cron_expression::parse_item(std::string_view text, const field_range& range,
                                                       std::bitset<64>& values) {
  const auto slash = text.find('/');
  const auto span = text.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto parsed = parse_number(text.substr(slash + 1));
    if (!parsed || *parsed < 1) return range.error(text, "has an invalid step: use a number from 1 to 99 after \"/\"");
    step = *parsed;
  }
  int first = range.min;
  int last = range.max;
  if (span != "*") {
    const auto dash = span.find('-');
    if (dash == std::string_view::npos && slash != std::string_view::npos) {
      return range.error(text, "has a step without a range: use \"*/N\" or \"A-B/N\"");
    }
    const auto from = range.value_of(span.substr(0, dash));
    const auto to = dash == std::string_view::npos ? from : range.value_of(span.substr(dash + 1));
    if (!from || !to) return range.error(text, "is invalid: use \"*\", or values " + range.accepted());
    // "fri-sun" ends on the following Sunday.
    const bool ends_on_sunday = range.max == 7 && *to == 0 && *from > 0;
    first = *from;
    last = ends_on_sunday ? 7 : *to;
    if (first > last) return range.error(text, "is a range that ends before it begins");
  }
  for (int value = first; value <= last; value += step) values.set(static_cast<std::size_t>(value));
  return std::nullopt;
}

std::optional<std::string> cron_expression::parse_field(std::string_view text, const field_range& range,
                                                        std::bitset<64>& values) {
  for (const auto item : split(text, ',')) {
    if (auto error = parse_item(item, range, values)) return error;
  }
  return std::nullopt;
}

result<cron_expression, std::string> cron_expression::parse(std::string_view text) {
  const std::array<field_range, 5> ranges{{{"minute", 0, 59},
                                           {"hour", 0, 23},
                                           {"day of month", 1, 31},
                                           {"month", 1, 12, month_names.data(), month_names.size(), 1},
                                           {"day of week", 0, 7, weekday_names.data(), weekday_names.size(), 0}}};
  const auto prefix = "invalid cron expression \"" + std::string{text} + "\": ";
  const auto fields = split_fields(text);
  if (fields.size() != ranges.size()) {
    return prefix + "expected 5 fields (minute, hour, day of month, month, day of week), got " +
           std::to_string(fields.size());
  }
  cron_expression cron_expression;
  const std::array<std::bitset<64>*, 5> targets{&cron_expression.minutes_, &cron_expression.hours_,
                                                &cron_expression.days_, &cron_expression.months_,
                                                &cron_expression.weekdays_};
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (const auto error = parse_field(fields[i], ranges[i], *targets[i])) return prefix + *error;
  }
  if (cron_expression.weekdays_.test(7)) cron_expression.weekdays_.set(0);
  cron_expression.is_any_hour_ = fields[1].starts_with('*');
  cron_expression.is_any_day_ = fields[2].starts_with('*');
  cron_expression.is_any_weekday_ = fields[4].starts_with('*');
  cron_expression.text_ = text;
  // 2028 is a leap year.
  if (!cron_expression.next(wall_time{std::chrono::sys_days{std::chrono::January / 1 / 2028}})) {
    return prefix + "day of month \"" + std::string{fields[2]} + "\" does not occur in the selected months \"" +
           std::string{fields[3]} + "\"";
  }
  return cron_expression;
}

bool cron_expression::matches_date(const std::tm& local) const noexcept {
  if (!months_.test(static_cast<std::size_t>(local.tm_mon + 1))) return false;
  const bool matches_day = days_.test(static_cast<std::size_t>(local.tm_mday));
  const bool matches_weekday = weekdays_.test(static_cast<std::size_t>(local.tm_wday));
  // crontab(5): a field of `*` does not count as a match if the other day field is restricted.
  return is_any_day_ || is_any_weekday_ ? matches_day && matches_weekday : matches_day || matches_weekday;
}

bool cron_expression::matches(const std::tm& local) const noexcept {
  return matches_date(local) && hours_.test(static_cast<std::size_t>(local.tm_hour)) &&
         minutes_.test(static_cast<std::size_t>(local.tm_min));
}

bool cron_expression::matches_in_gap(std::time_t end, long length) const {
  for (auto skipped_time = end - length; skipped_time < end; skipped_time += minute) {
    // The local time with the offset before the gap.
    const auto old_offset = local_time(end - minute).tm_gmtoff;
    const auto shifted_time = skipped_time + length + old_offset;
    std::tm local{};
    ::gmtime_r(&shifted_time, &local);
    if (matches(local)) return true;
  }
  return false;
}

/// The next time that can match: the next minute, or the start of the next hour or day.
std::time_t cron_expression::next_candidate(const std::tm& local, std::time_t current, bool is_same_date,
                                            bool is_same_hour) {
  if (is_same_hour) return current + minute;
  if (is_same_date) return current + (60 - local.tm_min) * minute;
  auto midnight = local;
  ++midnight.tm_mday;
  midnight.tm_hour = midnight.tm_min = midnight.tm_sec = 0;
  midnight.tm_isdst = -1;
  const auto next_day = ::mktime(&midnight);
  return next_day > current ? next_day : current + (60 - local.tm_min) * minute;
}

std::optional<wall_time> cron_expression::next(wall_time after) const {
  const auto begin =
      std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(after));
  auto current = begin - ((begin % minute) + minute) % minute + minute;
  // Assumes that offsets are multiples of a minute; only historical offsets include seconds.
  const auto limit = begin + 9 * 366 * day;
  auto offset = local_time(current - minute).tm_gmtoff;
  while (current < limit) {
    const auto local = local_time(current);
    const auto gap_length = local.tm_gmtoff - offset;
    offset = local.tm_gmtoff;
    if (gap_length > 0 && !is_any_hour_) {
      // The gap ended at most one step before `current`: searches for the first minute after the gap.
      auto end = current;
      while (local_time(end - minute).tm_gmtoff == local.tm_gmtoff) end -= minute;
      if (matches_in_gap(end, gap_length) && end > begin) {
        return wall_time{std::chrono::seconds{end}};
      }
    }
    if (matches(local) && (is_any_hour_ || !is_repeated(current, local)))
      return wall_time{std::chrono::seconds{current}};
    const bool is_same_date = matches_date(local);
    current = next_candidate(local, current, is_same_date,
                             is_same_date && hours_.test(static_cast<std::size_t>(local.tm_hour)));
  }
  return std::nullopt;
}

}  // namespace cohort::service
