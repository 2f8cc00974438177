// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::http {

/// The text with `&`, `<`, `>`, `"` and `'` as character references, for the content and the quoted attributes of HTML
/// elements. Control characters and invalid UTF-8 are kept.
std::string escape_html(std::string_view text);

}  // namespace cohort::http
