#include "loadgen/text_rules.hpp"

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <charconv>
#include <cmath>

#include "core/http/client_request.hpp"

namespace cohort::loadgen {
namespace {

using namespace std::chrono_literals;

/// A decimal number, not negative and without an exponent, and what stands behind it.
std::optional<std::pair<double, std::string_view>> leading_number(std::string_view text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789."));
  const auto* const end = digits.data() + digits.size();
  double value = 0;
  const auto [stopped, failed] = std::from_chars(digits.data(), end, value, std::chars_format::fixed);
  if (digits.empty() || failed != std::errc{} || stopped != end) return std::nullopt;
  return std::pair{value, text.substr(digits.size())};
}

std::optional<duration> span_of(std::string_view text) {
  const auto number = leading_number(text);
  if (!number) return std::nullopt;
  static constexpr std::array<std::pair<std::string_view, double>, 6> units{
      {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 60e9}, {"h", 3600e9}}};
  for (const auto& [unit, nanoseconds] : units) {
    if (number->second != unit) continue;
    const auto span = number->first * nanoseconds;
    if (span > 1e18) return std::nullopt;
    return duration{std::llround(span)};
  }
  return std::nullopt;
}

std::optional<request_rate> rate_of(std::string_view text) {
  constexpr double most = 1e6;
  const auto number = leading_number(text);
  if (!number || !number->second.empty() || number->first > most) return std::nullopt;
  return request_rate{std::llround(number->first * 1e6)};
}

std::optional<boost::urls::url> url_of(std::string_view text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed || parsed->has_userinfo() || parsed->has_fragment()) return std::nullopt;
  boost::urls::url url{*parsed};
  // `port_number` takes 65537 for 1.
  const std::string_view port = parsed->port();
  std::uint16_t number = 0;
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool is_port = failed == std::errc{} && end == port.data() + port.size() && number > 0;
  if (parsed->has_port() && !is_port) return std::nullopt;
  if (!http::origin_of(url)) return std::nullopt;
  return url;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\' && c != ',';
  });
}

std::optional<named_url> target_of(std::string_view text) {
  named_url made;
  const auto scheme = text.find("://");
  const auto equals = text.find('=');
  if (equals != std::string_view::npos && equals < scheme) {
    made.name = text.substr(0, equals);
    if (!is_name(made.name)) return std::nullopt;
    text.remove_prefix(equals + 1);
  }
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const auto digits = text.substr(at + 1);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), made.weight);
    if (failed != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    if (made.weight < 1 || made.weight > 1000) return std::nullopt;
    text = text.substr(0, at);
  }
  auto url = url_of(text);
  if (!url) return std::nullopt;
  made.url = std::move(*url);
  if (made.name.empty()) made.name = name_for(made.url);
  return made;
}

}  // namespace

std::string name_for(const boost::urls::url& url) {
  std::string name = std::string{url.encoded_host_and_port()} + std::string{url.encoded_path()};
  std::erase_if(name, [](char c) { return !is_name(std::string_view{&c, 1}); });
  return name.substr(0, 64);
}

config::rule<duration> span(duration least, duration most, std::string range) {
  return {[least, most](std::string_view text) {
            const auto span = span_of(text);
            return span && *span >= least && *span <= most ? span : std::nullopt;
          },
          "a time such as 90 (seconds), 250ms, 5m or 1h, " + range};
}

config::rule<wanted_rate> rate() {
  return {[](std::string_view text) -> std::optional<wanted_rate> {
            if (text == "max") return wanted_rate{{}, true};
            const auto rate = rate_of(text);
            if (!rate || rate->millionths < 1000) return std::nullopt;
            return wanted_rate{*rate, false};
          },
          "requests per second, 0.001 to 1000000, or max (as fast as the connections allow)"};
}

config::rule<request_rate> stage_rate() { return {rate_of, "requests per second, 0 to 1000000"}; }

config::rule<duration> stage_length() { return span(10ms, 168h, "from 10ms to 168h"); }

config::rule<stage_of_plan> stage_text() {
  return {[](std::string_view text) -> std::optional<stage_of_plan> {
            stage_of_plan made;
            if (text.ends_with(":step")) {
              made.is_step = true;
              text.remove_suffix(5);
            }
            const auto colon = text.find(':');
            if (colon == std::string_view::npos) return std::nullopt;
            const auto length = stage_length().parse(text.substr(0, colon));
            const auto rate = rate_of(text.substr(colon + 1));
            if (!length || !rate) return std::nullopt;
            made.length = *length;
            made.rate = *rate;
            return made;
          },
          "a time and the rate at its end, such as 30s:200, or 30s:200:step for that rate from its start"};
}

config::rule<boost::urls::url> called_url() { return {url_of, "a URL such as http://localhost:5001/api/time"}; }

config::rule<named_url> named_target() {
  return {target_of, "[name=]url[@weight], such as time=http://localhost:5001/api/time@3, with a weight of 1 to 1000"};
}

config::rule<std::pair<std::string, std::string>> header_line() {
  return {[](std::string_view text) -> std::optional<std::pair<std::string, std::string>> {
            const auto colon = text.find(':');
            if (colon == std::string_view::npos || colon == 0) return std::nullopt;
            http::client_request sample;
            sample.fields.emplace_back(text.substr(0, colon), http::trimmed(text.substr(colon + 1)));
            if (!http::is_safe(sample)) return std::nullopt;
            return sample.fields.front();
          },
          "a header line such as \"Accept: text/html\"; Host, Content-Length and Transfer-Encoding are set by loadgen"};
}

config::rule<http::method> request_method() {
  return {[](std::string_view text) -> std::optional<http::method> {
            using enum http::method;
            for (const auto each : {get, head, post, put, patch, delete_, options})
              if (text == std::string_view{boost::beast::http::to_string(each)}) return each;
            return std::nullopt;
          },
          "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS"};
}

config::rule<std::string> target_name() {
  return {[](std::string_view text) { return is_name(text) ? std::optional{std::string{text}} : std::nullopt; },
          "a name of 1 to 64 visible ASCII characters without quotes and commas"};
}

}  // namespace cohort::loadgen
