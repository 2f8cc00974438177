// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <cohort/http/message/response.hpp>

namespace cohort::http {

/// Returns `source` with `Cache-Control: no-store` (RFC 9111 section 5.2.2.5), for a body that can change at any time.
inline response uncached(response source) {
  source.set("Cache-Control", "no-store");
  return source;
}

}  // namespace cohort::http
