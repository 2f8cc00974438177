// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

#include <cohort/http/message/request_head.hpp>

namespace cohort::http {

/// RFC 9110 section 8.8.3.2: by strong comparison, a weak tag (`W/"…"`) matches nothing.
enum class tag_comparison : std::uint8_t { strong, weak };

/// Whether one of the fields `id` (`If-Match` or `If-None-Match`) lists the entity tag `tag`, or is `*`.
bool lists_entity_tag(const request_head& head, field id, std::string_view tag, tag_comparison comparison) noexcept;

}  // namespace cohort::http
