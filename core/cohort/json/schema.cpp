// SPDX-License-Identifier: BSL-1.0
#include <algorithm>

#include <cohort/json/schema.hpp>

namespace cohort::json {
namespace {

/// Converts a set of characters, such as `A-Za-z_-`, into a character class of a regular expression (ECMA-262). Escapes
/// `]`, `[`, `\` and `^`.
std::string character_class(std::string_view characters) {
  std::string pattern = "[";
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const char c = characters[i];
    const bool is_final_hyphen = c == '-' && (i == 0 || i + 1 == characters.size());
    if (is_final_hyphen || std::string_view{"[]\\^"}.find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern += ']';
}

}  // namespace

void schema_definitions::write_string_keywords(writer& out, const string_constraints& constraints) {
  out.field("type", "string");
  if (constraints.min_length > 0) out.field("minLength", constraints.min_length);
  if (constraints.max_length) out.field("maxLength", *constraints.max_length);
  if (!constraints.characters.empty()) out.field("pattern", "^" + character_class(constraints.characters) + "*$");
}

std::string schema_definitions::reference(std::string_view type_name, std::string& name) {
  const auto known_type = names_.find(type_name);
  if (known_type != names_.end()) return reference_prefix_ + known_type->second;
  const auto to_name = [](std::string_view text) {
    std::string identifier;
    for (const char c : text) {
      const bool is_name_character =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      if (is_name_character) {
        identifier += c;
      } else if (!identifier.empty() && identifier.back() != '_') {
        identifier += '_';
      }
    }
    return identifier;
  };
  const auto arguments_position = std::min(type_name.find('<'), type_name.size());
  const auto scope = type_name.substr(0, arguments_position).rfind("::");
  name = to_name(type_name.substr(scope == std::string_view::npos ? 0 : scope + 2));
  if (definitions_.contains(name)) name = to_name(type_name);
  names_.emplace(std::string{type_name}, name);
  definitions_.emplace(name, std::string{});
  return reference_prefix_ + name;
}

std::string add_description(std::string_view schema, std::string_view description) {
  std::string text{schema};
  if (description.empty()) return text;
  text.pop_back();
  std::string quoted_text;
  writer{quoted_text}.value(description);
  return text.append(",\"description\":").append(quoted_text).append("}");
}

}  // namespace cohort::json
