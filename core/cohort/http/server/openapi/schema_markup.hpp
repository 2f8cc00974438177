// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::http {

/// Returns a JSON Schema as HTML: an object that does not fit in one line has one member per line. References to
/// `#/components/schemas/name` become links to `#schema-name`; an object that consists only of a reference becomes the
/// link. Text that is not JSON is shown unchanged.
std::string schema_markup(std::string_view schema);

}  // namespace cohort::http
