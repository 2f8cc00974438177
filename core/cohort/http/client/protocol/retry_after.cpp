// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/protocol/retry_after.hpp>

#include <algorithm>

#include <cohort/http/message/conditional/http_date.hpp>
#include <cohort/policy/retry/retry.hpp>

namespace cohort::http {
std::optional<duration> retry_after_of(const client_response& response, wall_time now) {
  const auto value = response.find("retry-after");
  if (!value) return std::nullopt;
  if (const auto delay = policy::parse_retry_after(*value)) return delay;
  const auto date = parse_http_date(*value);
  if (!date) return std::nullopt;
  const auto response_date = response.find("date");
  const auto reference = response_date ? parse_http_date(*response_date) : std::nullopt;
  const auto delay = *date - reference.value_or(std::chrono::floor<std::chrono::seconds>(now));
  return std::clamp<std::chrono::seconds>(delay, std::chrono::seconds{0}, std::chrono::hours{24});
}

}  // namespace cohort::http
