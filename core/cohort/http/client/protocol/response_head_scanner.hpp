// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <cohort/http/client/response_fields.hpp>

namespace cohort::http {

struct scanned_head {
  unsigned status = 0;
  /// Size of the header section in bytes.
  std::size_t size = 0;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
};

/// Recognizes the most common form of a response's header section at the start of `bytes`: a complete HTTP/1.1 header
/// section with one Content-Length and without Transfer-Encoding. Returns an empty result for all other bytes;
/// `response_parser` then uses Beast, which takes longer. Must not be used for the response to a HEAD request. `fields`
/// is null, or is replaced by the fields of the response; not changed by an empty result.
std::optional<scanned_head> scan_response_head(std::string_view bytes, response_fields* fields);

}  // namespace cohort::http
