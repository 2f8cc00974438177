// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/entity_tag.hpp>

namespace cohort::http {
namespace {

std::string_view without_weakness(std::string_view tag) noexcept {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

bool lists_entity_tag(const request_head& head, field id, std::string_view tag, tag_comparison comparison) noexcept {
  const bool is_weak_tag = tag.starts_with("W/");
  for (const auto& header : head.fields) {
    if (header.id != id) continue;
    for (auto list = header.value; !list.empty();) {
      const auto element = next_list_element(list);
      if (element == "*") return true;
      const bool matches = comparison == tag_comparison::weak ? without_weakness(element) == without_weakness(tag)
                                                              : element == tag && !is_weak_tag;
      if (matches) return true;
    }
  }
  return false;
}

}  // namespace cohort::http
