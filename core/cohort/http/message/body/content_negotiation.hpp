// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <cohort/http/message/request/request_head.hpp>

namespace cohort::http {

/// The index of the media type among `offers`, such as `text/plain;version=0.0.4`, that the request's `Accept` prefers
/// (RFC 9110 section 12.5.1). Among equally preferred types, or without `Accept`, the first offer is selected. Returns
/// an empty result if `Accept` accepts none of them; the response is then 406, or a response that ignores `Accept`.
///
/// A parameter of a media range excludes an offer that has another value for it, but not an offer without it: the range
/// `version=1.0.0;escaping=allow-utf-8` accepts the offer `version=1.0.0`. Malformed media ranges are ignored.
std::optional<std::size_t> acceptable_media_type(const request_head& head, std::span<const std::string_view> offers);

/// Like `acceptable_media_type`, but returns the first offer if `Accept` accepts none.
std::size_t negotiate_media_type(const request_head& head, std::span<const std::string_view> offers);

/// The index of the content coding among `offers`, such as `br` and `gzip`, that the request's `Accept-Encoding`
/// prefers (RFC 9110 section 12.5.3); among equally preferred codings, the first. Returns an empty result if `identity`
/// is to be sent: no coding is accepted, or `identity` has a greater weight.
std::optional<std::size_t> negotiate_content_coding(const request_head& head, std::span<const std::string_view> offers);

/// Whether `Accept-Encoding` accepts a response without a content coding: false for `identity;q=0`, and for `*;q=0`
/// without `identity` (RFC 9110 section 12.5.3).
bool accepts_identity(const request_head& head);

}  // namespace cohort::http
