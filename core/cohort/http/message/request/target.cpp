// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/target.hpp>

#include <algorithm>
#include <array>
#include <boost/url/authority_view.hpp>
#include <boost/url/encoding_opts.hpp>
#include <boost/url/pct_string_view.hpp>
#include <charconv>
#include <cstdint>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

/// The characters of a target that need no further check. Bytes above 0x7F are invalid but common; they are accepted as
/// data.
constexpr auto plain_characters = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = ' ' + 1; c < table.size(); ++c) table[c] = c != 0x7F && c != '#' && c != '%';
  return table;
}();

bool has_valid_characters(std::string_view target) noexcept {
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (plain_characters[static_cast<unsigned char>(target[i])]) continue;
    if (target[i] != '%') return false;
    if (i + 2 >= target.size() || !is_hex_digit(target[i + 1]) || !is_hex_digit(target[i + 2])) return false;
    // No path or query needs a NUL, and other programs may truncate the text there.
    if (target[i + 1] == '0' && target[i + 2] == '0') return false;
  }
  return true;
}

/// The characters of a name or an IPv4 address: unreserved and sub-delims (RFC 3986 section 2).
constexpr auto host_characters = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (const unsigned char c : std::string_view{"-._~!$&'()*+,;="}) table[c] = true;
  return table;
}();

/// Whether `text` is a TCP port or empty (RFC 3986 section 3.2.3: any number of digits, including leading zeros).
bool is_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return text.empty() || (error == std::errc{} && stop == end);
}

/// Whether `text` is the content of an `IPvFuture` literal (RFC 3986 section 3.2.2). Boost.URL 1.81 does not accept the
/// version of such a literal in upper case: `V1.a`.
bool is_ip_of_future_version(std::string_view text) noexcept {
  if (!text.starts_with('v') && !text.starts_with('V')) return false;
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return false;
  const auto version = text.substr(1, dot - 1);
  const auto address = text.substr(dot + 1);
  const auto is_address_character = [](char c) { return c == ':' || host_characters[static_cast<unsigned char>(c)]; };
  return !version.empty() && std::ranges::all_of(version, is_hex_digit) && !address.empty() &&
         std::ranges::all_of(address, is_address_character);
}

std::optional<std::string> decode(std::string_view text, boost::urls::encoding_opts options) {
  const auto encoded = boost::urls::make_pct_string_view(text);
  if (!encoded) return std::nullopt;
  return encoded->decode(options);
}

}  // namespace

bool is_host_and_port(std::string_view text) noexcept {
  const auto* const host_end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return host_characters[static_cast<unsigned char>(c)]; });
  const auto host_length = static_cast<std::size_t>(host_end - text.begin());
  const auto remaining = text.substr(host_length);
  if (remaining.empty()) return host_length > 0;
  if (remaining.front() == ':') return host_length > 0 && is_port(remaining.substr(1));
  if (const auto end = text.find(']');
      text.front() == '[' && end != std::string_view::npos && is_ip_of_future_version(text.substr(1, end - 1))) {
    const auto after = text.substr(end + 1);
    return after.empty() || (after.front() == ':' && is_port(after.substr(1)));
  }
  // An IPv6 address, or a percent-encoded name.
  const auto authority = boost::urls::parse_authority(text);
  return authority && !authority->has_userinfo() && !authority->encoded_host().empty() && is_port(authority->port());
}

std::optional<target_parts> split_target(std::string_view target) noexcept {
  if (!has_valid_characters(target)) return std::nullopt;
  if (!target.starts_with('/')) {
    if (target == "*") return target_parts{target, {}};
    if (!iequals(target.substr(0, 7), "http://") && !iequals(target.substr(0, 8), "https://")) return std::nullopt;
    const auto authority = target_authority(target);
    if (!is_host_and_port(authority)) return std::nullopt;
    target.remove_prefix(static_cast<std::size_t>(authority.data() - target.data()) + authority.size());
    if (target.empty()) return target_parts{"/", {}};
    if (target.front() == '?') return target_parts{"/", target.substr(1)};
  }
  const auto question_mark = target.find('?');
  if (question_mark == std::string_view::npos) return target_parts{target, {}};
  return target_parts{target.substr(0, question_mark), target.substr(question_mark + 1)};
}

std::string_view target_authority(std::string_view target) noexcept {
  if (target.starts_with('/') || target == "*") return {};
  target.remove_prefix(target.find("//") + 2);
  return target.substr(0, target.find_first_of("/?"));
}

std::optional<std::string> percent_decode(std::string_view text) { return decode(text, {}); }

std::optional<std::string> decode_query_component(std::string_view text) {
  boost::urls::encoding_opts options;
  options.space_as_plus = true;
  return decode(text, options);
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto parameter = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const auto equals = parameter.find('=');
    if (decode_query_component(parameter.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string{} : decode_query_component(parameter.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace cohort::http
