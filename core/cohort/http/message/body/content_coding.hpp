// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <cohort/http/message/field.hpp>

namespace cohort::http {

/// Removes elements from `list`, the value of a `Content-Encoding` field (RFC 9110 section 8.4), up to the next coding
/// that changes the body, and returns that coding. Returns an empty result if there is none.
inline std::string_view next_content_coding(std::string_view& list) noexcept {
  while (!list.empty()) {
    const auto coding = next_list_element(list);
    if (!coding.empty() && !iequals(coding, "identity")) return coding;
  }
  return {};
}

}  // namespace cohort::http
