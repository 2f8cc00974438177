// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace cohort::http {

/// Returns an empty string for a response's body. The string usually reuses the memory of an earlier body of the same
/// thread, so that a handler does not allocate.
std::string take_body_buffer() noexcept;

/// Keeps the memory of a sent body for `take_body_buffer`, at most 4 KiB per thread.
void recycle_body_buffer(std::string body) noexcept;

}  // namespace cohort::http
