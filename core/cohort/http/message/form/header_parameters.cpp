// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/form/header_parameters.hpp>

#include <algorithm>

#include <cohort/http/message/field.hpp>

namespace cohort::http {
namespace {

/// Removes a quoted string from the start of `text`, which starts with a quote. Returns an empty result if the quoted
/// string is not terminated.
std::optional<std::string> take_quoted_string(std::string_view& text) {
  std::string content;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    if (is_escape) {
      content += text[++i];
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return content;
    } else {
      content += text[i];
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> parameterized_value::find(std::string_view name) const noexcept {
  for (const auto& [key, text] : parameters)
    if (iequals(key, name)) return text;
  return std::nullopt;
}

std::optional<parameterized_value> parse_parameters(std::string_view text) {
  const auto first = std::min(text.find(';'), text.size());
  parameterized_value parameterized_value{trimmed(text.substr(0, first)), {}};
  text.remove_prefix(first);
  while (!text.empty()) {
    if (text.front() != ';') return std::nullopt;
    text = trimmed(text.substr(1));
    // RFC 9110 allows empty parameters.
    if (text.empty() || text.front() == ';') continue;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !is_token(text.substr(0, equals))) return std::nullopt;
    const auto name = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    std::optional<std::string> value;
    if (text.starts_with('"')) {
      value = take_quoted_string(text);
    } else {
      const auto length = std::min(text.find_first_of("; \t"), text.size());
      if (is_token(text.substr(0, length))) value.emplace(text.substr(0, length));
      text.remove_prefix(length);
    }
    if (!value || parameterized_value.find(name)) return std::nullopt;
    parameterized_value.parameters.emplace_back(name, std::move(*value));
    text = trimmed(text);
  }
  return parameterized_value;
}

}  // namespace cohort::http
