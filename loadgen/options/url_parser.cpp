// SPDX-License-Identifier: BSL-1.0
#include "loadgen/options/url_parser.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <charconv>

#include <cohort/config/http_url.hpp>
#include <cohort/http/client/client_request.hpp>
#include <cohort/http/client/protocol/url_encoding.hpp>

namespace cohort::loadgen {
namespace {

constexpr unsigned max_weight = 1000;
constexpr std::size_t max_name_length = 64;

bool is_control(char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<boost::urls::url> parse_http_url(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_control) || text.find('#') != std::string_view::npos)
    return std::nullopt;
  const auto encoded = http::encode_invalid_characters(text);
  const auto parsed = boost::urls::parse_uri(encoded);
  if (!parsed || parsed->has_userinfo()) return std::nullopt;
  if (parsed->has_port() && !config::parse_port(parsed->port())) return std::nullopt;
  const bool has_encoded_host = !text.starts_with(std::string_view{parsed->encoded_origin()});
  if (has_encoded_host) return std::nullopt;
  boost::urls::url url{*parsed};
  if (!http::origin_of(url)) return std::nullopt;
  return url;
}

std::optional<target_url> parse_target_url(std::string_view text) {
  target_url target;
  const auto equals = text.find('=');
  if (equals != std::string_view::npos && equals < text.find("://")) {
    target.name = text.substr(0, equals);
    if (!is_target_name(target.name)) return std::nullopt;
    text.remove_prefix(equals + 1);
  }
  const auto at_sign = text.rfind('@');
  if (at_sign != std::string_view::npos && is_digits(text.substr(at_sign + 1))) {
    const auto digits = text.substr(at_sign + 1);
    const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), target.weight).ec;
    if (error != std::errc{} || target.weight < 1 || target.weight > max_weight) return std::nullopt;
    text = text.substr(0, at_sign);
  }
  auto url = parse_http_url(text);
  if (!url) return std::nullopt;
  target.url = std::move(*url);
  if (target.name.empty()) target.name = default_target_name(target.url);
  return target;
}

bool is_target_name(std::string_view text) {
  return !text.empty() && text.size() <= max_name_length && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\' && c != ',';
  });
}

std::string default_target_name(const boost::urls::url& url) {
  std::string name = std::string{url.encoded_host_and_port()} + std::string{url.encoded_path()};
  std::erase_if(name, [](char c) { return !is_target_name({&c, 1}); });
  return name.substr(0, max_name_length);
}

}  // namespace cohort::loadgen
