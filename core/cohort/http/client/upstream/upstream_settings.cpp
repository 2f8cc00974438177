// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/upstream/upstream_settings.hpp>

#include <charconv>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t min, std::int64_t max) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < min || number > max) return std::nullopt;
  return number;
}

/// Parses a duration, such as `250ms` or `3s`, from 1 ms to 1 h.
std::optional<duration> parse_duration(std::string_view text) noexcept {
  const bool is_in_milliseconds = text.ends_with("ms");
  if (!text.ends_with('s')) return std::nullopt;
  text.remove_suffix(is_in_milliseconds ? 2 : 1);
  const auto number = parse_integer(text, 1, is_in_milliseconds ? 3'600'000 : 3'600);
  if (!number) return std::nullopt;
  return is_in_milliseconds ? duration{std::chrono::milliseconds{*number}} : duration{std::chrono::seconds{*number}};
}

/// Parses a percentage up to 100 % as a ratio: `20%` is 0.2.
std::optional<double> parse_percentage(std::string_view text, std::int64_t min) noexcept {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto number = parse_integer(text, min, 100);
  if (!number) return std::nullopt;
  return static_cast<double>(*number) / 100;
}

template <class To, class From>
bool assign(To& setting, const std::optional<From>& value) {
  if (value) setting = static_cast<To>(*value);
  return value.has_value();
}

bool set_hedging(policy::hedging::settings& settings, std::string_view value) {
  settings.is_enabled = value != "off";
  if (!settings.is_enabled) return true;
  if (!value.starts_with('p')) return false;
  const auto percentile = parse_integer(value.substr(1), 50, 99);
  if (percentile) settings.quantile = static_cast<double>(*percentile) / 100;
  return percentile.has_value();
}

bool set_breaker(policy::circuit_breaker::settings& settings, std::string_view value) {
  if (value == "off") {
    settings.min_calls = 0;
    return true;
  }
  settings.min_calls = std::max(settings.min_calls, policy::circuit_breaker::settings{}.min_calls);
  return assign(settings.failure_ratio, parse_percentage(value, 1));
}

/// Returns false if the key is unknown or the value invalid.
bool set(upstream_settings& settings, std::string_view key, std::string_view value) {
  if (key == "timeout") return assign(settings.timeout, parse_duration(value));
  if (key == "attempts") return assign(settings.retry.max_attempts, parse_integer(value, 1, 10));
  if (key == "budget") return assign(settings.budget.ratio, parse_percentage(value, 0));
  if (key == "hedge") return set_hedging(settings.hedging, value);
  if (key == "breaker") return set_breaker(settings.breaker, value);
  if (key == "open") return assign(settings.breaker.base_open_time, parse_duration(value));
  if (key == "in-flight") return assign(settings.max_in_flight, parse_integer(value, 1, 100'000));
  return false;
}

}  // namespace

config::value_parser<upstream_settings> upstream_policy(const upstream_settings& base) {
  const auto parse = [base](std::string_view text) -> std::optional<upstream_settings> {
    auto settings = base;
    while (!text.empty()) {
      const auto element = next_list_element(text);
      const auto equals_sign = element.find('=');
      if (equals_sign == std::string_view::npos) return std::nullopt;
      if (!set(settings, trimmed(element.substr(0, equals_sign)), trimmed(element.substr(equals_sign + 1))))
        return std::nullopt;
    }
    settings.breaker.max_open_time = std::max(settings.breaker.max_open_time, settings.breaker.base_open_time);
    return settings;
  };
  return {
      parse,
      "a list of timeout=1ms to 3600s, attempts=1 to 10, budget=0% to 100%, hedge=off or p50 to p99, breaker=off or "
      "1% to 100%, open=1ms to 3600s, in-flight=1 to 100000"};
}

}  // namespace cohort::http
