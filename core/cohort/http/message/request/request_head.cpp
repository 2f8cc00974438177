// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/request_head.hpp>

namespace cohort::http {

std::optional<std::string_view> request_head::find(field id) const noexcept {
  for (const auto& field : fields)
    if (field.id == id) return field.value;
  return std::nullopt;
}

std::optional<std::string_view> request_head::find(std::string_view name) const noexcept {
  for (const auto& field : fields)
    if (field.name.size() == name.size() && iequals(field.name, name)) return field.value;
  return std::nullopt;
}

std::optional<std::string> request_head::join_values(std::string_view name) const {
  std::optional<std::string> joined;
  for (const auto& field : fields) {
    if (!iequals(field.name, name)) continue;
    if (joined) joined->append(", ");
    if (!joined) joined.emplace();
    joined->append(field.value);
  }
  return joined;
}

void request_head::clear() noexcept {
  method = http::method::unknown;
  method_text = target = path = query = {};
  is_http_1_0 = false;
  fields.clear();
}

}  // namespace cohort::http
