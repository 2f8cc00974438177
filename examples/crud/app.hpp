// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/router.hpp>

namespace crud {

/// The routes of a book collection in memory: `/api/books` and `/api/books/{id}`.
cohort::http::router app();

}  // namespace crud
