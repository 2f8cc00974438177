// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <cohort/http/server/pipeline.hpp>

namespace cohort::http {

/// Representations with the same strong tag have equal bytes; with the same weak tag, equivalent content (RFC 9110
/// section 8.8.1).
enum class etag_strength : std::uint8_t { strong, weak };

/// Adds an entity tag, a hash of the body, to the 200 responses to `GET` and `HEAD`, unless they have one or are
/// streamed. Evaluates `If-Match` (412) and `If-None-Match` (304) of the request (RFC 9110 section 13.2.2). A 304 saves
/// the transfer of the body, but the handler still runs. Use `weak` if a middleware outside this one changes the bytes,
/// such as compression.
middleware etag(etag_strength strength = etag_strength::strong);

}  // namespace cohort::http
