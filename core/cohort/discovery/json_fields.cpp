// SPDX-License-Identifier: BSL-1.0
#include <cohort/discovery/json_fields.hpp>

#include <charconv>

namespace cohort::discovery {

std::int64_t integer_field(simdjson::dom::element parent, std::string_view name) {
  simdjson::dom::element found;
  if (parent[name].get(found) != simdjson::SUCCESS) return 0;
  std::int64_t number = 0;
  std::string_view text;
  if (found.get(number) == simdjson::SUCCESS) return number;
  if (found.get(text) != simdjson::SUCCESS) return 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

std::string string_field(simdjson::dom::element parent, std::string_view name) {
  std::string_view text;
  return parent[name].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

bool boolean_field(simdjson::dom::element parent, std::string_view name, bool fallback) {
  bool flag = false;
  return parent[name].get(flag) == simdjson::SUCCESS ? flag : fallback;
}

}  // namespace cohort::discovery
