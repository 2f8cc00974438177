// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/option_parsers.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <cohort/http/client/client_request.hpp>

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;
using config::value_parser;

constexpr double max_requests_per_second = 1e6;
constexpr std::int64_t min_rate_millionths = 1000;
constexpr double max_nanoseconds = 1e18;

struct number_with_suffix {
  double number;
  std::string_view suffix;
};

/// Splits `12.5ms` into 12.5 and `ms`. The number has no sign and no exponent.
std::optional<number_with_suffix> split_number(std::string_view text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789."));
  double number = 0;
  const auto digits_end = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), digits_end, number, std::chars_format::fixed);
  if (digits.empty() || error != std::errc{} || end != digits_end) return std::nullopt;
  return number_with_suffix{number, text.substr(digits.size())};
}

/// Replaces `CLI::AsNumberWithUnit`, which keeps only six digits and accepts `m` for one minute.
std::optional<duration> parse_duration(std::string_view text) {
  const auto parts = split_number(text);
  if (!parts) return std::nullopt;
  static constexpr std::array<std::pair<std::string_view, double>, 6> units{
      {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 60e9}, {"h", 3600e9}}};
  for (const auto& [unit, nanoseconds] : units) {
    if (parts->suffix != unit) continue;
    const auto value = parts->number * nanoseconds;
    return value > max_nanoseconds ? std::nullopt : std::optional{duration{std::llround(value)}};
  }
  return std::nullopt;
}

std::optional<request_rate> parse_rate(std::string_view text) {
  const auto parts = split_number(text);
  if (!parts || !parts->suffix.empty() || parts->number > max_requests_per_second) return std::nullopt;
  return request_rate{std::llround(parts->number * 1e6)};
}

std::optional<load_stage> parse_stage(std::string_view text) {
  constexpr std::string_view step_suffix = ":step";
  load_stage stage;
  if (text.ends_with(step_suffix)) {
    stage.is_step = true;
    text.remove_suffix(step_suffix.size());
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto length = stage_length_parser().parse(text.substr(0, colon));
  const auto rate = parse_rate(text.substr(colon + 1));
  if (!length || !rate) return std::nullopt;
  stage.length = *length;
  stage.rate = *rate;
  return stage;
}

std::optional<std::pair<std::string, std::string>> parse_header(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::pair<std::string, std::string> field{text.substr(0, colon), http::trimmed(text.substr(colon + 1))};
  http::client_request request;
  if (http::iequals(field.first, "host")) {
    request.host = field.second;
    if (request.host.empty()) return std::nullopt;
  } else {
    request.fields.push_back(field);
  }
  if (!http::has_valid_fields(request)) return std::nullopt;
  return field;
}

std::optional<http::method> parse_method(std::string_view text) {
  using enum http::method;
  for (const auto method : {get, head, post, put, patch, delete_, options})
    if (text == std::string_view{boost::beast::http::to_string(method)}) return method;
  return std::nullopt;
}

}  // namespace

value_parser<duration> duration_parser(duration min, duration max, std::string range) {
  return {[min, max](std::string_view text) {
            const auto parsed = parse_duration(text);
            return parsed && *parsed >= min && *parsed <= max ? parsed : std::nullopt;
          },
          "a time such as 90 (seconds), 250ms, 5m or 1h, " + range};
}

value_parser<rate_option> rate_parser() {
  return {[](std::string_view text) -> std::optional<rate_option> {
            if (text == "max") return rate_option{{}, true};
            const auto rate = parse_rate(text);
            if (!rate || rate->millionths < min_rate_millionths) return std::nullopt;
            return rate_option{*rate, false};
          },
          "requests per second from 0.001 to 1000000, or max (closed loop)"};
}

value_parser<request_rate> stage_rate_parser() { return {parse_rate, "requests per second from 0 to 1000000"}; }

value_parser<duration> stage_length_parser() { return duration_parser(10ms, 168h, "from 10ms to 168h"); }

value_parser<load_stage> stage_parser() {
  return {parse_stage, "a time and a rate such as 30s:200 (linear ramp to the rate) or 30s:200:step (constant rate)"};
}

value_parser<boost::urls::url> url_parser() {
  return {parse_http_url,
          "an http or https URL such as http://localhost:5001/api/time, without user name and fragment"};
}

value_parser<target_url> target_parser() {
  return {parse_target_url,
          "[name=]url[@weight] such as time=http://localhost:5001/api/time@3, with an http or https URL without user "
          "name and fragment, and a weight from 1 to 1000"};
}

value_parser<std::string> target_name_parser() {
  return {[](std::string_view text) { return is_target_name(text) ? std::optional{std::string{text}} : std::nullopt; },
          "a name of 1 to 64 visible ASCII characters without quotes, backslashes and commas"};
}

value_parser<std::pair<std::string, std::string>> header_parser() {
  return {parse_header,
          "a header field such as \"Accept: text/html\" or \"Host: shop.example:8080\"; Content-Length and "
          "Transfer-Encoding are set by loadgen"};
}

value_parser<http::method> method_parser() {
  return {parse_method, "one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"};
}

value_parser<std::string> mode_parser() {
  return config::one_of({"balanced", "spike", "burst", "heavy", "stress", "constant", "ramp", "knee"});
}
value_parser<std::string> arrivals_parser() { return config::one_of({"constant", "poisson"}); }
value_parser<std::int64_t> seed_parser() { return config::integer(0, std::numeric_limits<std::int64_t>::max()); }
value_parser<std::int64_t> connections_parser() { return config::integer(1, 100'000); }
value_parser<std::int64_t> threads_parser() { return config::integer(1, 64); }
value_parser<std::int64_t> weight_parser() { return config::integer(1, 1000); }
value_parser<duration> length_parser() { return duration_parser(100ms, 168h, "from 0.1 seconds to 168h"); }
value_parser<duration> timeout_parser() { return duration_parser(1ms, 1h, "from 1ms to 1h"); }
value_parser<duration> deadline_parser() { return duration_parser(1ms, 1h, "from 1ms to 1h"); }
value_parser<duration> patience_parser() { return duration_parser(1ms, 1h, "from 1ms to 1h"); }
value_parser<std::int64_t> retries_parser() { return config::integer(0, 100); }
value_parser<duration> retry_backoff_parser() { return duration_parser(0ms, 1min, "from 0 to 1m"); }

}  // namespace cohort::loadgen
