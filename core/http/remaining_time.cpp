#include "core/http/remaining_time.hpp"

#include <algorithm>
#include <charconv>

namespace cohort::http {
namespace {

constexpr duration longest_believed = std::chrono::hours{24};

std::optional<std::int64_t> digits_of(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

/// `count` units, if that is believed.
std::optional<duration> span_of(std::int64_t count, duration unit) noexcept {
  if (count > longest_believed / unit) return std::nullopt;
  return count * unit;
}

}  // namespace

std::optional<duration> parse_remaining_time(std::string_view value) noexcept {
  const auto count = digits_of(value);
  return count ? span_of(*count, std::chrono::milliseconds{1}) : std::nullopt;
}

std::optional<duration> parse_grpc_timeout(std::string_view value) noexcept {
  constexpr std::size_t most_digits = 8;
  if (value.size() < 2 || value.size() > most_digits + 1) return std::nullopt;
  const auto count = digits_of(value.substr(0, value.size() - 1));
  if (!count) return std::nullopt;
  switch (value.back()) {
    case 'H': return span_of(*count, std::chrono::hours{1});
    case 'M': return span_of(*count, std::chrono::minutes{1});
    case 'S': return span_of(*count, std::chrono::seconds{1});
    case 'm': return span_of(*count, std::chrono::milliseconds{1});
    case 'u': return span_of(*count, std::chrono::microseconds{1});
    case 'n': return span_of(*count, std::chrono::nanoseconds{1});
    default: return std::nullopt;
  }
}

told_time told_time_of(const request_head& head) noexcept {
  told_time told;
  const auto hear = [&](std::string_view name, auto parse) {
    const auto value = head.find(name);
    if (!value) return;
    const auto left = parse(*value);
    if (!left) told.absurd = true;
    if (left) told.left = std::min(told.left.value_or(*left), *left);
  };
  hear(remaining_time_field, parse_remaining_time);
  hear(grpc_timeout_field, parse_grpc_timeout);
  return told;
}

std::string format_remaining_time(deadline until, time_point now) {
  const auto left = std::chrono::floor<std::chrono::milliseconds>(until.remaining(now)).count();
  return std::to_string(std::max<std::int64_t>(left, 1));
}

}  // namespace cohort::http
