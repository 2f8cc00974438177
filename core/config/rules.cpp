#include "core/config/rules.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <vector>

namespace cohort::config {
namespace {

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::chrono::seconds> unit_of_time(std::string_view name) {
  using namespace std::chrono_literals;
  if (name == "s" || name == "sec" || name == "second") return 1s;
  if (name == "m" || name == "min" || name == "minute") return 60s;
  if (name == "h" || name == "hour") return 3600s;
  return std::nullopt;
}

}  // namespace

rule<std::string> text() {
  return {[](std::string_view given) { return std::optional<std::string>{given}; }, "any text"};
}

rule<std::string> visible_text(std::string what) {
  return {[](std::string_view given) -> std::optional<std::string> {
            for (const char c : given)
              if (c <= ' ' || c > '~') return std::nullopt;
            if (given.empty()) return std::nullopt;
            return std::string{given};
          },
          std::move(what) + " of visible ASCII characters"};
}

rule<std::int64_t> integer(std::int64_t least, std::int64_t most) {
  return {[=](std::string_view given) -> std::optional<std::int64_t> {
            const auto number = whole_number<std::int64_t>(given);
            return number && *number >= least && *number <= most ? number : std::nullopt;
          },
          "a whole number from " + std::to_string(least) + " to " + std::to_string(most)};
}

rule<std::uint16_t> port() {
  return {[](std::string_view given) { return whole_number<std::uint16_t>(given); },
          "a port from 0 to 65535 (0 lets the system choose)"};
}

rule<std::string> address() {
  return {[](std::string_view given) -> std::optional<std::string> {
            boost::system::error_code failed;
            boost::asio::ip::make_address(std::string{given}, failed);
            if (failed) return std::nullopt;
            return std::string{given};
          },
          "an IP address such as 127.0.0.1, 0.0.0.0 or ::"};
}

rule<boost::urls::url> http_url() {
  return {[](std::string_view given) -> std::optional<boost::urls::url> {
            const auto parsed = boost::urls::parse_absolute_uri(given);
            if (!parsed) return std::nullopt;
            const bool scheme_known =
                parsed->scheme_id() == boost::urls::scheme::http || parsed->scheme_id() == boost::urls::scheme::https;
            if (!scheme_known || parsed->host().empty() || parsed->has_userinfo() || parsed->has_query()) {
              return std::nullopt;
            }
            if (parsed->has_port() &&
                (!whole_number<std::uint16_t>(std::string_view{parsed->port()}) || parsed->port_number() == 0)) {
              return std::nullopt;
            }
            return boost::urls::url{*parsed};
          },
          "a URL such as http://127.0.0.1:5001 or https://wttr.in"};
}

rule<std::string> one_of(std::initializer_list<std::string_view> words) {
  std::string list;
  for (const auto word : words) list.append(list.empty() ? "" : ", ").append(word);
  return {[known = std::vector<std::string>(words.begin(), words.end())](
              std::string_view given) -> std::optional<std::string> {
            for (const auto& word : known)
              if (word == given) return word;
            return std::nullopt;
          },
          "one of " + list};
}

rule<std::chrono::seconds> seconds(std::int64_t least, std::int64_t most) {
  return {[parse = integer(least, most).parse](std::string_view given) -> std::optional<std::chrono::seconds> {
            const auto count = parse(given);
            return count ? std::optional{std::chrono::seconds{*count}} : std::nullopt;
          },
          "whole seconds from " + std::to_string(least) + " to " + std::to_string(most)};
}

rule<std::string> time_zone() {
  return {[](std::string_view given) -> std::optional<std::string> {
            auto name = given.starts_with(':') ? given.substr(1) : given;
            static const std::regex posix_rule{"([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)[+-]?[0-9]{1,2}.*"};
            const bool is_rule = std::regex_match(name.begin(), name.end(), posix_rule);
            const char* const elsewhere = std::getenv("TZDIR");
            const auto file = std::filesystem::path{elsewhere ? elsewhere : "/usr/share/zoneinfo"} / name;
            std::error_code ignored;
            const bool is_zone =
                name.find("..") == std::string_view::npos && std::filesystem::is_regular_file(file, ignored);
            if (!is_rule && !is_zone && name != "UTC" && name != "GMT") return std::nullopt;
            return std::string{given};
          },
          "a time zone such as Asia/Jerusalem, UTC or IST-2IDT"};
}

rule<rate> events_per_time() {
  return {[](std::string_view given) -> std::optional<rate> {
            const auto slash = given.find('/');
            if (slash == std::string_view::npos) return std::nullopt;
            const auto count = whole_number<std::uint32_t>(given.substr(0, slash));
            const auto unit = unit_of_time(given.substr(slash + 1));
            if (!count || *count == 0 || !unit) return std::nullopt;
            return rate{*count, *unit};
          },
          "a rate such as 100/min, 5/s or 1000/hour"};
}

}  // namespace cohort::config
