// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace cohort::http {

/// A JSON Schema as HTML: one member a line where it does not fit in a line, and references to
/// `#/components/schemas/name` as links to `#schema-name`; an object that is only a reference is only a link. Text that
/// is not JSON is shown unchanged.
std::string schema_markup(std::string_view schema);

}  // namespace cohort::http
