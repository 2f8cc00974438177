// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>

#include <cohort/http/server/content/static_assets.hpp>

namespace cohort::dashboard {

/// The files of the page (`dashboard-ui/`), embedded in the program; empty if the program was built without the page.
std::span<const http::asset> page_assets() noexcept;

}  // namespace cohort::dashboard
