// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/redaction.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace cohort::config {
namespace {

/// If `text` begins with the name of a credential header field and a colon, returns the length of the name; otherwise
/// 0.
std::size_t credential_name_length(std::string_view text) {
  constexpr std::array<std::string_view, 4> names{"authorization", "proxy-authorization", "cookie", "x-api-key"};
  constexpr std::array<std::string_view, 7> credential_words{"auth",   "cookie",   "key",    "token",
                                                             "secret", "password", "session"};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return 0;
  std::string name{text.substr(0, colon)};
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != ' ') return 0;
  }
  if (std::ranges::find(names, name) != names.end()) return colon;
  // Without a space after the colon, the text can be a URL, or a host and a port.
  if (text.substr(colon + 1, 1) != " ") return 0;
  const auto contains_word = [&](std::string_view word) { return name.find(word) != std::string::npos; };
  return std::ranges::any_of(credential_words, contains_word) ? colon : 0;
}

}  // namespace

std::string redact_userinfo(std::string_view text) {
  if (const auto length = credential_name_length(text)) return std::string{text.substr(0, length)} + ": ***";
  const auto at_sign_position = text.rfind('@');
  if (at_sign_position == std::string_view::npos) return std::string{text};
  const auto scheme_end = text.find("://");
  const auto begin = scheme_end < text.find('@') ? scheme_end + 3 : 0;
  // The text before an `@` in the path or the query is not redacted, unless it can be part of a password that contains
  // a `/`.
  const auto candidate = text.substr(begin, at_sign_position - begin);
  const auto authority_end = std::min(text.find_first_of("/?#", begin), text.size());
  const bool has_password = candidate.find(':') != std::string_view::npos;
  const bool has_user = text.find('@', begin) < authority_end;
  if (!has_password && !has_user) return std::string{text};
  return std::string{text.substr(0, begin)}.append("***").append(text.substr(at_sign_position));
}

}  // namespace cohort::config
