#pragma once

#include <span>
#include <string_view>

#include "core/http/message.hpp"

namespace cohort::http {

/// Which of `offered`, such as `text/plain;version=0.0.4`, the request's `Accept` prefers: its place among them (RFC
/// 9110 section 12.5.1). Of equals the first; the first also where the request has no `Accept`, or one that takes none
/// of them.
///
/// A range with parameters takes an offer that has others of these names no more, but is not put off by an offer that
/// does not name them: whoever asks for `version=1.0.0;escaping=allow-utf-8` takes what is of that version and says
/// nothing of escaping. What is no media range is passed over.
std::size_t preferred_media_type(const request_head& head, std::span<const std::string_view> offered);

}  // namespace cohort::http
