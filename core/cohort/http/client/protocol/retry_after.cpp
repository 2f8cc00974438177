// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/retry_after.hpp>

#include <algorithm>
#include <ctime>
#include <string>

#include <cohort/policy/retry/retry.hpp>

namespace cohort::http {
namespace {

/// A date in one of the three formats that a recipient must accept (RFC 9110 section 5.6.7), in seconds since 1970.
std::optional<std::chrono::seconds> parse_date(std::string_view text) {
  const std::string date{text};
  for (const auto* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm fields{};
    const auto* end = ::strptime(date.c_str(), format, &fields);
    if (end && *end == '\0') return std::chrono::seconds{::timegm(&fields)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<duration> retry_after_of(const client_response& response, wall_time now) {
  const auto value = response.find("retry-after");
  if (!value) return std::nullopt;
  if (const auto delay = policy::parse_retry_after(*value)) return delay;
  const auto date = parse_date(*value);
  if (!date) return std::nullopt;
  const auto response_date = response.find("date");
  const auto reference = response_date ? parse_date(*response_date) : std::nullopt;
  const auto delay = *date - reference.value_or(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()));
  return std::clamp<std::chrono::seconds>(delay, std::chrono::seconds{0}, std::chrono::hours{24});
}

}  // namespace cohort::http
