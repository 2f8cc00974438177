// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

namespace cohort {

/// Returns the version of Cohort, such as "0.2.0" (Semantic Versioning 2.0.0).
std::string_view version() noexcept;

}  // namespace cohort
