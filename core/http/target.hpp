#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort::http {

/// A request target's parts, still percent-encoded.
struct target_parts {
  std::string_view path;
  std::string_view query;
};

/// Splits origin-form (`/a?b`) and absolute-form (`http://host/a?b`); `*` is its own path (RFC 9112 section 3.2).
/// Nothing for any other form, or one with a fragment, a control character or a broken percent-encoding.
std::optional<target_parts> split_target(std::string_view target) noexcept;

/// Percent-decoded (and `+` as a space where `form` says that the text is from a query). Nothing if broken.
std::optional<std::string> percent_decoded(std::string_view text, bool form = false);

/// The first value of that name in a query, decoded; empty text for a name without a value.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace cohort::http
