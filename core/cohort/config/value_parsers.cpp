// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/value_parsers.hpp>

#include <regex.h>

#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include <cohort/config/http_url.hpp>
#include <cohort/config/small_file.hpp>

namespace cohort::config {
namespace {

template <class Number>
std::optional<Number> parse_integer(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Returns `text` with its ASCII letters in lower case, in every locale.
std::string to_lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::optional<std::chrono::seconds> time_unit(std::string_view name) {
  using namespace std::chrono_literals;
  if (name == "s" || name == "sec" || name == "second") return 1s;
  if (name == "m" || name == "min" || name == "minute") return 60s;
  if (name == "h" || name == "hour") return 3600s;
  return std::nullopt;
}

/// Whether the string is a POSIX time zone such as `EST5EDT,M3.2.0,M11.1.0`. The C library uses UTC for any other
/// string.
bool is_posix_time_zone(std::string_view text) {
  static const std::string name = "([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)";
  static const std::string time = "[+-]?([01]?[0-9]|2[0-4])(:[0-5][0-9](:[0-5][0-9])?)?";
  // A transition time can be negative or exceed 24 hours (RFC 9636 section 3.3.1).
  static const std::string rule = "(J?[0-9]{1,3}|M[0-9]{1,2}\\.[1-5]\\.[0-6])(/[+-]?[0-9]{1,3}(:[0-5][0-9]){0,2})?";
  const auto expression = "^" + name + time + "(" + name + "(" + time + ")?(," + rule + "," + rule + ")?)?$";
  // std::regex would take several seconds to compile here.
  regex_t format;
  if (regcomp(&format, expression.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
  // REG_STARTEND also matches the text after a NUL byte, but requires a NUL-terminated string.
  const std::string terminated_text{text};
  regmatch_t range{.rm_so = 0, .rm_eo = static_cast<regoff_t>(terminated_text.size())};
  const bool matches = regexec(&format, terminated_text.c_str(), 1, &range, REG_STARTEND) == 0;
  regfree(&format);
  return matches;
}

/// Whether a file of the time zone database has this name and contains a time zone. The database also has other files,
/// such as `zone.tab`.
bool is_in_time_zone_database(std::string_view name) {
  constexpr std::string_view signature = "TZif";  // RFC 9636 section 3.1
  if (name.find("..") != std::string_view::npos) return false;
  const char* const database = std::getenv("TZDIR");
  const auto file = std::filesystem::path{database ? database : "/usr/share/zoneinfo"} / name;
  std::error_code ignored;
  return std::filesystem::is_regular_file(file, ignored) &&
         read_small_file(file.string(), signature.size()).text == signature;
}

bool is_ip_address(std::string_view text) {
  if (boost::urls::parse_ipv4_address(text)) return true;
  const auto zone = text.find('%');
  if (zone != std::string_view::npos && zone + 1 == text.size()) return false;
  return boost::urls::parse_ipv6_address(text.substr(0, zone)).has_value();
}

}  // namespace

value_parser<std::string> text() {
  return {[](std::string_view text) { return std::optional<std::string>{text}; }, "any string"};
}

value_parser<std::string> visible_ascii(std::string description) {
  return {[](std::string_view text) -> std::optional<std::string> {
            for (const char c : text)
              if (c <= ' ' || c > '~') return std::nullopt;
            if (text.empty()) return std::nullopt;
            return std::string{text};
          },
          std::move(description) + " of visible ASCII characters, without spaces"};
}

value_parser<std::int64_t> integer(std::int64_t min, std::int64_t max) {
  return {[=](std::string_view text) -> std::optional<std::int64_t> {
            const auto number = parse_integer<std::int64_t>(text);
            return number && *number >= min && *number <= max ? number : std::nullopt;
          },
          "an integer from " + std::to_string(min) + " to " + std::to_string(max)};
}

value_parser<std::uint16_t> port() {
  return {[](std::string_view text) { return parse_integer<std::uint16_t>(text); },
          "a port from 0 to 65535 (0: the system chooses)"};
}

value_parser<std::uint16_t> remote_port() {
  return {[](std::string_view text) {
            const auto number = parse_integer<std::uint16_t>(text);
            return number != 0 ? number : std::nullopt;
          },
          "a port from 1 to 65535"};
}

value_parser<std::string> ip_address() {
  return {[](std::string_view text) { return is_ip_address(text) ? std::optional{std::string{text}} : std::nullopt; },
          "an IP address such as 127.0.0.1, 0.0.0.0 or ::"};
}

value_parser<boost::urls::url> http_url() {
  return {[](std::string_view text) { return parse_http_url(text); },
          "a URL such as http://127.0.0.1:5001 or https://wttr.in"};
}

value_parser<std::string> one_of(std::initializer_list<std::string_view> words,
                                 std::initializer_list<word_alias> aliases) {
  std::string list;
  std::vector<std::pair<std::string, std::string>> accepted;
  for (const auto word : words) {
    list.append(list.empty() ? "" : ", ").append(word);
    accepted.emplace_back(word, word);
  }
  for (const auto& [alias, word] : aliases) accepted.emplace_back(alias, word);
  return {[accepted = std::move(accepted)](std::string_view text) -> std::optional<std::string> {
            const auto name = to_lower_case(text);
            for (const auto& [word, value] : accepted)
              if (word == name) return value;
            return std::nullopt;
          },
          "one of " + list};
}

value_parser<std::chrono::seconds> seconds(std::int64_t min, std::int64_t max) {
  return {[parse = integer(min, max).parse](std::string_view text) -> std::optional<std::chrono::seconds> {
            const auto count = parse(text);
            return count ? std::optional{std::chrono::seconds{*count}} : std::nullopt;
          },
          "whole seconds from " + std::to_string(min) + " to " + std::to_string(max)};
}

value_parser<std::string> time_zone() {
  return {[](std::string_view text) -> std::optional<std::string> {
            // No time zone name is longer.
            constexpr std::size_t max_length = 255;
            if (text.size() > max_length) return std::nullopt;
            const auto name = text.starts_with(':') ? text.substr(1) : text;
            // Checks names first, because the regular expression for POSIX time zones takes memory and time at startup.
            if (name != "UTC" && name != "GMT" && !is_in_time_zone_database(name) && !is_posix_time_zone(name)) {
              return std::nullopt;
            }
            return std::string{text};
          },
          "a time zone such as Asia/Jerusalem, UTC or IST-2IDT"};
}

value_parser<rate> event_rate() {
  return {[](std::string_view text) -> std::optional<rate> {
            const auto slash = text.find('/');
            if (slash == std::string_view::npos) return std::nullopt;
            const auto count = parse_integer<std::uint32_t>(text.substr(0, slash));
            const auto period = time_unit(to_lower_case(text.substr(slash + 1)));
            if (!count || *count == 0 || !period) return std::nullopt;
            return rate{*count, *period};
          },
          "a rate such as 100/min, 5/s or 1000/hour"};
}

value_parser<rate> event_rate_or_off() {
  auto parser = event_rate();
  return {[parse = std::move(parser.parse)](std::string_view text) -> std::optional<rate> {
            return to_lower_case(text) == "off" ? rate{0, std::chrono::seconds{1}} : parse(text);
          },
          parser.accepted_values + ", or off"};
}

}  // namespace cohort::config
