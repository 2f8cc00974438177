// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/cookie.hpp>

#include <algorithm>
#include <stdexcept>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

constexpr std::size_t max_pair_bytes = 4096;
constexpr std::size_t max_attribute_bytes = 1024;

/// `cookie-octet`: visible ASCII without `"`, `,`, `;` and `\`.
bool is_cookie_octet(char c) noexcept { return c > ' ' && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\'; }

/// Whether `text` is valid as `Path` or `Domain`: no control character and no `;`.
bool is_attribute_value(std::string_view text) noexcept {
  return text.size() <= max_attribute_bytes &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F && c != ';'; });
}

std::string_view find_error(const set_cookie& cookie) noexcept {
  // Browsers compare the prefixes case-insensitively (RFC 6265bis section 5.7).
  const auto has_prefix = [&](std::string_view prefix) {
    return iequals(std::string_view{cookie.name}.substr(0, prefix.size()), prefix);
  };
  const bool is_host_cookie = has_prefix("__Host-");
  if (!is_token(cookie.name)) return "the name of a cookie must be a token";
  if (!std::ranges::all_of(strip_quotes(cookie.value), is_cookie_octet))
    return "the value of a cookie must not have spaces, quotes, commas, semicolons, backslashes or non-ASCII characters";
  if (cookie.name.size() + cookie.value.size() > max_pair_bytes)
    return "the name and value of a cookie must have at most 4096 bytes";
  if (!is_attribute_value(cookie.path) || !is_attribute_value(cookie.domain))
    return "the path and domain of a cookie must have at most 1024 visible ASCII characters other than semicolons";
  if (!cookie.path.empty() && cookie.path.front() != '/') return "the path of a cookie must start with /";
  if ((is_host_cookie || has_prefix("__Secure-")) && !cookie.secure)
    return "a cookie named __Secure- or __Host- must be secure";
  if (is_host_cookie && (!cookie.domain.empty() || cookie.path != "/"))
    return "a cookie named __Host- must have the path / and no domain";
  if (cookie.same_site == http::same_site::none && !cookie.secure) return "a cookie with SameSite=None must be secure";
  return {};
}

}  // namespace

std::optional<std::string_view> cookie_value(const request_head& head, std::string_view name) noexcept {
  for (const auto& field : head.fields) {
    if (field.id != http::field::cookie) continue;
    for (auto remaining = field.value; !remaining.empty();) {
      const auto end = remaining.find(';');
      const auto pair = trimmed(remaining.substr(0, end));
      remaining = end == std::string_view::npos ? std::string_view{} : remaining.substr(end + 1);
      if (!pair.starts_with(name) || !pair.substr(name.size()).starts_with('=')) continue;
      const auto value = strip_quotes(pair.substr(name.size() + 1));
      if (std::ranges::all_of(value, is_cookie_octet)) return value;
    }
  }
  return std::nullopt;
}

boost::system::result<std::string, std::string> set_cookie::field_value() const {
  if (const auto error = find_error(*this); !error.empty()) return {boost::system::in_place_error, error};
  std::string text = name + "=" + value;
  if (!path.empty()) text.append("; Path=").append(path);
  if (!domain.empty()) text.append("; Domain=").append(domain);
  if (max_age) text.append("; Max-Age=").append(std::to_string(max_age->count()));
  if (http_only) text += "; HttpOnly";
  text.append("; SameSite=");
  text.append(same_site == http::same_site::strict ? "Strict" : same_site == http::same_site::lax ? "Lax" : "None");
  if (secure) text += "; Secure";
  return {boost::system::in_place_value, std::move(text)};
}

response& add_cookie(response& to, const set_cookie& cookie) {
  const auto value = cookie.field_value();
  if (!value) throw std::invalid_argument{value.error()};
  return to.set("Set-Cookie", *value);
}

}  // namespace cohort::http
