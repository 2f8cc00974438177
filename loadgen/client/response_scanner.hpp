// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace cohort::loadgen {

struct scanned_response {
  unsigned status = 0;
  /// The bytes of header section and body.
  std::size_t size = 0;
  bool keep_alive = true;

  friend bool operator==(const scanned_response&, const scanned_response&) = default;
};

/// Recognizes a response of the most common form at the start of `bytes`: HTTP/1.1, complete, with one Content-Length,
/// and without Transfer-Encoding. Returns an empty result for any other bytes, valid or not: `http::response_parser`
/// parses those, which takes ten times as long. Must not be used for the response to a HEAD request.
std::optional<scanned_response> scan_response(std::string_view bytes) noexcept;

}  // namespace cohort::loadgen
