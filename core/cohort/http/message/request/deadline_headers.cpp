// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/deadline_headers.hpp>

#include <algorithm>
#include <charconv>

namespace cohort::http {
namespace {

constexpr duration max_timeout = std::chrono::hours{24};

std::optional<std::int64_t> parse_positive_integer(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

/// Returns `count` units as a duration; empty above `max_timeout`.
std::optional<duration> bounded_timeout(std::int64_t count, duration unit) noexcept {
  if (count > max_timeout / unit) return std::nullopt;
  return count * unit;
}

}  // namespace

std::optional<duration> parse_envoy_timeout(std::string_view value) noexcept {
  const auto count = parse_positive_integer(value);
  return count ? bounded_timeout(*count, std::chrono::milliseconds{1}) : std::nullopt;
}

std::optional<duration> parse_grpc_timeout(std::string_view value) noexcept {
  constexpr std::size_t max_digits = 8;
  if (value.size() < 2 || value.size() > max_digits + 1) return std::nullopt;
  const auto count = parse_positive_integer(value.substr(0, value.size() - 1));
  if (!count) return std::nullopt;
  switch (value.back()) {
    case 'H': return bounded_timeout(*count, std::chrono::hours{1});
    case 'M': return bounded_timeout(*count, std::chrono::minutes{1});
    case 'S': return bounded_timeout(*count, std::chrono::seconds{1});
    case 'm': return bounded_timeout(*count, std::chrono::milliseconds{1});
    case 'u': return bounded_timeout(*count, std::chrono::microseconds{1});
    case 'n': return bounded_timeout(*count, std::chrono::nanoseconds{1});
    default: return std::nullopt;
  }
}

deadline_headers parse_deadline_headers(const request_head& head) noexcept {
  deadline_headers deadline_headers;
  const auto parse_field = [&](std::string_view name, auto parse) {
    const auto value = head.find(name);
    if (!value) return;
    const auto timeout = parse(*value);
    if (!timeout) deadline_headers.invalid = true;
    if (timeout) deadline_headers.remaining = std::min(deadline_headers.remaining.value_or(*timeout), *timeout);
  };
  parse_field(envoy_timeout_field, parse_envoy_timeout);
  parse_field(grpc_timeout_field, parse_grpc_timeout);
  return deadline_headers;
}

std::string format_envoy_timeout(deadline call_deadline, time_point now) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(call_deadline.remaining(now)).count();
  return std::to_string(std::max<std::int64_t>(milliseconds, 1));
}

}  // namespace cohort::http
