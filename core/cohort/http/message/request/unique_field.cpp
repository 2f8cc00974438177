// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/request/unique_field.hpp>

namespace cohort::http {
namespace {

template <class Matches>
std::optional<std::string_view> find_unique_if(const request_head& head, Matches matches) noexcept {
  std::optional<std::string_view> found;
  for (const auto& header : head.fields) {
    if (!matches(header)) continue;
    if (found) return std::nullopt;
    found = header.value;
  }
  return found;
}

}  // namespace

std::optional<std::string_view> find_unique(const request_head& head, field id) noexcept {
  return find_unique_if(head, [id](const header_field& header) { return header.id == id; });
}

std::optional<std::string_view> find_unique(const request_head& head, std::string_view name) noexcept {
  return find_unique_if(head, [name](const header_field& header) { return iequals(header.name, name); });
}

}  // namespace cohort::http
