#include "core/http/upstream_settings.hpp"

#include <charconv>

#include "core/http/message.hpp"

namespace cohort::http {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t least, std::int64_t most) noexcept {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size() || number < least || number > most) return std::nullopt;
  return number;
}

/// `250ms` or `3s`; from a millisecond to an hour.
std::optional<duration> time_span(std::string_view text) noexcept {
  const bool in_milliseconds = text.ends_with("ms");
  if (!text.ends_with('s')) return std::nullopt;
  text.remove_suffix(in_milliseconds ? 2 : 1);
  const auto number = whole_number(text, 1, in_milliseconds ? 3'600'000 : 3'600);
  if (!number) return std::nullopt;
  return in_milliseconds ? duration{std::chrono::milliseconds{*number}} : duration{std::chrono::seconds{*number}};
}

std::optional<double> percentage(std::string_view text, std::int64_t least) noexcept {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto number = whole_number(text, least, 100);
  if (!number) return std::nullopt;
  return static_cast<double>(*number) / 100;
}

template <class To, class From>
bool assign(To& to, const std::optional<From>& from) {
  if (from) to = static_cast<To>(*from);
  return from.has_value();
}

bool set_hedge(policy::hedging::settings& to, std::string_view value) {
  to.enabled = value != "off";
  if (!to.enabled) return true;
  if (!value.starts_with('p')) return false;
  const auto number = whole_number(value.substr(1), 50, 99);
  if (number) to.quantile = static_cast<double>(*number) / 100;
  return number.has_value();
}

bool set_breaker(policy::circuit_breaker::settings& to, std::string_view value) {
  if (value == "off") {
    to.least_outcomes = 0;
    return true;
  }
  to.least_outcomes = std::max(to.least_outcomes, policy::circuit_breaker::settings{}.least_outcomes);
  return assign(to.failure_ratio, percentage(value, 1));
}

bool set(upstream_settings& to, std::string_view key, std::string_view value) {
  if (key == "timeout") return assign(to.limit, time_span(value));
  if (key == "attempts") return assign(to.retry.most_attempts, whole_number(value, 1, 10));
  if (key == "budget") return assign(to.budget.ratio, percentage(value, 0));
  if (key == "hedge") return set_hedge(to.hedge, value);
  if (key == "breaker") return set_breaker(to.breaker, value);
  if (key == "open") return assign(to.breaker.first_open, time_span(value));
  if (key == "in-flight") return assign(to.most_in_flight, whole_number(value, 1, 100'000));
  return false;
}

}  // namespace

config::rule<upstream_settings> upstream_policy(const upstream_settings& base) {
  const auto parse = [base](std::string_view text) -> std::optional<upstream_settings> {
    auto made = base;
    while (!text.empty()) {
      const auto item = next_item(text);
      const auto equals = item.find('=');
      if (equals == std::string_view::npos) return std::nullopt;
      if (!set(made, trimmed(item.substr(0, equals)), trimmed(item.substr(equals + 1)))) return std::nullopt;
    }
    made.breaker.longest_open = std::max(made.breaker.longest_open, made.breaker.first_open);
    return made;
  };
  return {
      parse,
      "a list of timeout=1ms to 3600s, attempts=1 to 10, budget=0% to 100%, hedge=off or p50 to p99, breaker=off or "
      "1% to 100%, open=1ms to 3600s, in-flight=1 to 100000"};
}

}  // namespace cohort::http
