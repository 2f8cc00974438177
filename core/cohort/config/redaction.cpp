// SPDX-License-Identifier: BSL-1.0
#include <cohort/config/redaction.hpp>

#include <algorithm>

namespace cohort::config {

std::string redact_userinfo(std::string_view text) {
  const auto at_sign = text.rfind('@');
  if (at_sign == std::string_view::npos) return std::string{text};
  const auto scheme_end = text.find("://");
  const auto begin = scheme_end < text.find('@') ? scheme_end + 3 : 0;
  // An `@` of the path or of the query is not redacted, unless a password with a `/` could precede it.
  const auto candidate = text.substr(begin, at_sign - begin);
  const auto authority_end = std::min(text.find_first_of("/?#", begin), text.size());
  const bool has_password = candidate.find(':') != std::string_view::npos;
  const bool has_user = text.find('@', begin) < authority_end;
  if (!has_password && !has_user) return std::string{text};
  return std::string{text.substr(0, begin)}.append("***").append(text.substr(at_sign));
}

}  // namespace cohort::config
