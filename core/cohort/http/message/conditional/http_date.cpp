// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/conditional/http_date.hpp>

#include <ctime>
#include <string>

namespace cohort::http {

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  const std::string date{text};
  for (const auto* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm fields{};
    const auto* end = ::strptime(date.c_str(), format, &fields);
    if (end && *end == '\0') return std::chrono::sys_seconds{std::chrono::seconds{::timegm(&fields)}};
  }
  return std::nullopt;
}

}  // namespace cohort::http
