// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/conditional/http_date.hpp>

#include <array>
#include <ctime>

namespace cohort::http {
namespace {

/// Longer strings are not dates: the longest has 33 characters, and `strptime` permits more whitespace.
constexpr std::size_t max_date_length = 63;

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept {
  if (text.size() > max_date_length || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::array<char, max_date_length + 1> date{};
  text.copy(date.data(), text.size());
  for (const auto* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm fields{};
    const auto* end = ::strptime(date.data(), format, &fields);
    if (!end || *end != '\0') continue;
    // `strptime` accepts 31 April, which `timegm` would make 1 May.
    const std::chrono::year_month_day day{std::chrono::year{fields.tm_year + 1900},
                                          std::chrono::month{static_cast<unsigned>(fields.tm_mon + 1)},
                                          std::chrono::day{static_cast<unsigned>(fields.tm_mday)}};
    if (!day.ok()) return std::nullopt;
    return std::chrono::sys_seconds{std::chrono::seconds{::timegm(&fields)}};
  }
  return std::nullopt;
}

}  // namespace cohort::http
