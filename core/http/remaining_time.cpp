#include "core/http/remaining_time.hpp"

#include <charconv>

namespace cohort::http {

std::optional<duration> parse_remaining_time(std::string_view value) noexcept {
  constexpr std::int64_t most = 24 * 60 * 60 * 1000;
  std::int64_t milliseconds = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
  if (failed != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  if (milliseconds <= 0 || milliseconds > most) return std::nullopt;
  return std::chrono::milliseconds{milliseconds};
}

std::string format_remaining_time(deadline until, time_point now) {
  const auto left = std::chrono::floor<std::chrono::milliseconds>(until.remaining(now)).count();
  return std::to_string(std::max<std::int64_t>(left, 1));
}

}  // namespace cohort::http
