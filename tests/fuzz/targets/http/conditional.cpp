// SPDX-License-Identifier: BSL-1.0
// Fuzzes conditional requests and ranges: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range and
// Range.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/message/conditional/byte_range.hpp>
#include <cohort/http/message/conditional/conditional_request.hpp>
#include <cohort/http/message/conditional/http_date.hpp>
#include <cohort/runtime/time/date_format.hpp>
#include "tests/fuzz/framework/fuzz_target.hpp"

namespace cohort::fuzz::conditional_target {
namespace {

using namespace http;
using std::chrono::sys_seconds;

/// 6 November 1994, 08:49:37 UTC, the date of the examples of RFC 9110.
constexpr sys_seconds last_modified{std::chrono::seconds{784111777}};

/// Returns the entity tags of a valid list (RFC 9110 sections 5.6.1 and 8.8.3), read character by character; the result
/// is empty for any other string.
std::optional<std::vector<std::string_view>> valid_entity_tags(std::string_view list) {
  std::vector<std::string_view> tags;
  bool is_comma_expected = false;
  for (std::size_t at = 0; at < list.size();) {
    if (list[at] == ' ' || list[at] == '\t' || list[at] == ',') {
      if (list[at++] == ',') is_comma_expected = false;
      continue;
    }
    if (is_comma_expected) return std::nullopt;
    const auto start = at;
    if (list.substr(at).starts_with("W/")) at += 2;
    if (at == list.size() || list[at++] != '"') return std::nullopt;
    while (at < list.size() && list[at] != '"') {
      if (const auto byte = static_cast<unsigned char>(list[at++]); byte <= ' ' || byte == 0x7f) return std::nullopt;
    }
    if (at++ == list.size()) return std::nullopt;
    tags.push_back(list.substr(start, at - start));
    is_comma_expected = true;
  }
  return tags;
}

std::string_view opaque_tag(std::string_view tag) { return tag.substr(tag.starts_with("W/") ? 2 : 0); }

/// Returns whether a field has exactly one line, which is required unless the field is a list.
bool is_single(const request_head& head, field id) {
  return std::ranges::count(head.fields, id, &header_field::id) == 1;
}

std::optional<sys_seconds> single_date(const request_head& head, field id) {
  return is_single(head, id) ? parse_http_date(*head.find(id)) : std::nullopt;
}

/// Applies the steps of RFC 9110 section 13.2.2 in order. The result is empty if a list of entity tags is malformed.
std::optional<precondition> expected_precondition(const request_head& head, std::string_view etag) {
  const auto has_match = [&](field id, bool is_strong) -> std::optional<bool> {
    bool result = false;
    for (const auto& line : head.fields) {
      if (line.id != id) continue;
      const bool is_any = trimmed(line.value) == "*";
      const auto tags = is_any ? std::vector<std::string_view>{} : valid_entity_tags(line.value);
      if (!tags) return std::nullopt;
      result = result || is_any || std::any_of(tags->begin(), tags->end(), [&](std::string_view tag) {
                 return is_strong ? tag == etag && tag.front() == '"' : opaque_tag(tag) == opaque_tag(etag);
               });
    }
    return result;
  };
  const auto matches = has_match(field::if_match, true);
  const auto none_matches = has_match(field::if_none_match, false);
  if (!matches || !none_matches) return std::nullopt;
  const bool is_read = head.method == method::get || head.method == method::head;
  const auto unmodified_since = single_date(head, field::if_unmodified_since).value_or(last_modified);
  const bool is_permitted = head.find(field::if_match) ? *matches : last_modified <= unmodified_since;
  if (!is_permitted) return precondition::failed;
  if (head.find(field::if_none_match)) {
    if (!*none_matches) return precondition::met;
    return is_read ? precondition::not_modified : precondition::failed;
  }
  const auto since = single_date(head, field::if_modified_since);
  return is_read && since && last_modified <= *since ? precondition::not_modified : precondition::met;
}

void check_preconditions(request_head head) {
  for (const std::string_view etag : {R"("a")", R"(W/"a")", R"("a,b")", R"("")"}) {
    for (const auto method : {method::get, method::head, method::put}) {
      head.method = method;
      const auto result = evaluate_preconditions(head, {etag, last_modified});
      const auto expected_result = expected_precondition(head, etag);
      require(!expected_result || result == *expected_result,
              "the steps of RFC 9110 section 13.2.2 give the same result");
      require(result != precondition::not_modified || method != method::put,
              "only responses to GET and HEAD have the status 304");
    }
  }
}

void check_if_range(const request_head& head) {
  const auto value = head.find(field::if_range);
  const auto date = single_date(head, field::if_range);
  const auto later = last_modified + std::chrono::seconds{1};
  require(!value || !permits_range(head, {R"(W/"a")"}, later), "a weak entity tag permits no range");
  const bool is_range_permitted = permits_range(head, {R"("a")", last_modified}, later);
  const bool is_current = is_single(head, field::if_range) && (*value == R"("a")" || date == last_modified);
  require(is_range_permitted == (!value || is_current), "only the current validator permits a range");
  require(value || permits_range(head, {}, later), "a range needs no If-Range");
}

void check_ranges(std::string_view value) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    const auto ranges = parse_byte_ranges(value, size);
    if (!ranges) continue;
    require(ranges->size() <= max_byte_ranges, "the number of ranges is limited");
    for (auto range = ranges->begin(); range != ranges->end(); ++range) {
      require(range->length > 0 && range->offset < size && range->length <= size - range->offset,
              "a range is a part of the representation");
      require(std::none_of(ranges->begin(), range,
                           [&](const byte_range& other) {
                             return other.offset < range->offset + range->length &&
                                    range->offset < other.offset + other.length;
                           }),
              "ranges do not overlap");
    }
  }
  const auto digits = std::min(value.find_first_not_of("0123456789", 6), value.size());
  const bool is_open_range = value.starts_with("bytes=") && digits > 6 && value.substr(digits) == "-";
  if (!is_open_range || digits > 6 + 18) return;
  const auto first = std::stoull(std::string{value.substr(6, digits - 6)});
  const std::vector<byte_range> range_to_end{{first, 1000 - first}};
  require(parse_byte_ranges(value, 1000) == (first < 1000 ? range_to_end : std::vector<byte_range>{}),
          "an open range extends to the end");
}

void check_date(std::string_view value) {
  const auto date = parse_http_date(value);
  // Later dates are out of the range of `wall_time`, and cannot be printed.
  constexpr std::chrono::years max_printable_distance{200};
  if (!date || date->time_since_epoch() > max_printable_distance || date->time_since_epoch() < -max_printable_distance)
    return;
  const auto text = format_imf_fixdate(*date).str();
  require(parse_http_date(text) == date, "the round trip of a date preserves its value");
}

/// Lines of header fields; lines that a request parser rejects are omitted.
void run(std::string_view input) {
  request_head head;
  for (const auto line : lines(input)) {
    const auto colon = std::min(line.find(':'), line.size());
    const auto value = trimmed(line.substr(std::min(colon + 1, line.size())));
    check_date(value);
    if (!is_field_value(value)) continue;
    check_ranges(value);
    head.fields.push_back({boost::beast::http::string_to_field(line.substr(0, colon)), line.substr(0, colon), value});
  }
  check_preconditions(head);
  check_if_range(head);
}

const registration fuzz_registration{{.name = "conditional", .run = run}};

}  // namespace
}  // namespace cohort::fuzz::conditional_target
