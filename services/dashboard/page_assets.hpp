#pragma once

#include <span>

#include "core/http/static_assets.hpp"

namespace cohort::dashboard {

/// The built page (`dashboard-ui/`), as part of the program; empty if it was built without.
std::span<const http::asset> page_assets() noexcept;

}  // namespace cohort::dashboard
