// SPDX-License-Identifier: BSL-1.0
#include "loadgen/client/response_scanner.hpp"

#include <cohort/http/client/protocol/response_head_scanner.hpp>

namespace cohort::loadgen {

std::optional<scanned_response> scan_response(std::string_view bytes) noexcept {
  const auto head = http::scan_response_head(bytes, nullptr);
  if (!head || head->content_length > bytes.size() - head->size) return std::nullopt;
  return scanned_response{head->status, head->size + static_cast<std::size_t>(head->content_length), head->keep_alive};
}

}  // namespace cohort::loadgen
