// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/message/conditional/conditional_request.hpp>

#include <cohort/http/message/conditional/http_date.hpp>
#include <cohort/http/message/request/unique_field.hpp>

namespace cohort::http {
namespace {

/// Removes the first entity tag, or the text up to the next comma, from a list. An entity tag may contain commas.
std::string_view next_entity_tag(std::string_view& list) noexcept {
  list = trimmed(list);
  const auto quote_position = list.starts_with("W/") ? std::size_t{2} : std::size_t{0};
  if (quote_position < list.size() && list[quote_position] == '"') {
    const auto end = list.find('"', quote_position + 1);
    const auto after = end == std::string_view::npos ? list.size() : list.find(',', end);
    const auto tag = trimmed(list.substr(0, after));
    list.remove_prefix(after >= list.size() ? list.size() : after + 1);
    return tag;
  }
  return list.empty() ? list : next_list_element(list);
}

/// Whether a field with this ID lists the entity tag or `*`. With strong comparison, a weak tag matches nothing (RFC
/// 9110 section 8.8.3.2).
bool lists_etag(const request_head& head, field id, std::string_view etag, bool uses_weak_comparison) noexcept {
  if (uses_weak_comparison && etag.starts_with("W/")) etag.remove_prefix(2);
  for (const auto& header : head.fields) {
    if (header.id != id) continue;
    for (auto list = header.value; !list.empty();) {
      auto element = next_entity_tag(list);
      if (element == "*") return true;
      if (uses_weak_comparison && element.starts_with("W/")) element.remove_prefix(2);
      if (!etag.empty() && element == etag && !element.starts_with("W/")) return true;
    }
  }
  return false;
}

std::optional<std::chrono::sys_seconds> find_date(const request_head& head, field id) noexcept {
  const auto value = find_unique(head, id);
  return value ? parse_http_date(*value) : std::nullopt;
}

}  // namespace

precondition evaluate_preconditions(const request_head& head, const validators& current) noexcept {
  const bool is_get_or_head = head.method == method::get || head.method == method::head;
  if (head.find(field::if_match)) {
    if (!lists_etag(head, field::if_match, current.etag, false)) return precondition::failed;
  } else if (const auto date = find_date(head, field::if_unmodified_since); date && current.last_modified) {
    if (*current.last_modified > *date) return precondition::failed;
  }
  if (head.find(field::if_none_match)) {
    if (!lists_etag(head, field::if_none_match, current.etag, true)) return precondition::met;
    return is_get_or_head ? precondition::not_modified : precondition::failed;
  }
  if (!is_get_or_head || !current.last_modified) return precondition::met;
  const auto date = find_date(head, field::if_modified_since);
  return date && *current.last_modified <= *date ? precondition::not_modified : precondition::met;
}

bool permits_range(const request_head& head, const validators& current, std::chrono::sys_seconds now) noexcept {
  if (!head.find(field::if_range)) return true;
  const auto value = find_unique(head, field::if_range);
  if (!value) return false;
  if (value->starts_with('"') || value->starts_with("W/"))
    return !current.etag.starts_with("W/") && *value == current.etag;
  const auto date = parse_http_date(*value);
  return date && current.last_modified && *date == *current.last_modified &&
         now - *current.last_modified >= std::chrono::seconds{1};
}

}  // namespace cohort::http
