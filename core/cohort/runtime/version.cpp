// SPDX-License-Identifier: BSL-1.0
#include <cohort/runtime/version.hpp>

namespace cohort {

// The build system defines COHORT_VERSION for this file only.
std::string_view version() noexcept { return COHORT_VERSION; }

}  // namespace cohort
