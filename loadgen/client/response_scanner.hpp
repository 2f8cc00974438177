// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace cohort::loadgen {

struct scanned_response {
  unsigned status = 0;
  /// The sizes of the header section and of the body, in bytes.
  std::size_t size = 0;
  bool keep_alive = true;

  friend bool operator==(const scanned_response&, const scanned_response&) = default;
};

/// Recognizes a response in the most common format at the start of `bytes`: HTTP/1.1, complete, with one
/// Content-Length, and without Transfer-Encoding. Returns an empty result for all other input, valid or invalid; such
/// input requires `http::response_parser`, which is ten times slower. Must not be used for the response to a HEAD
/// request.
std::optional<scanned_response> scan_response(std::string_view bytes) noexcept;

}  // namespace cohort::loadgen
