// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <cohort/http/message/body/content_coding.hpp>
#include <cohort/http/message/request/request_head.hpp>

namespace cohort::http {

/// The reason why the body cannot be read as JSON or as a form: it has a content coding (RFC 9110 section 8.4), such as
/// gzip. Returns an empty result if there is none. The status is 415 (RFC 9110 section 15.5.16).
inline std::string_view content_coding_error(const request_head& head) noexcept {
  for (const auto& header : head.fields) {
    auto list = header.value;
    if (header.id == field::content_encoding && !next_content_coding(list).empty()) {
      return "must be absent, since the body is not decompressed";
    }
  }
  return {};
}

}  // namespace cohort::http
