// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/streaming/streamed_response.hpp>

#include <charconv>

namespace cohort::http {

std::optional<std::uint64_t> streamed_response::content_length() const noexcept {
  const auto text = head.find("content-length");
  if (!text) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return length;
}

}  // namespace cohort::http
