// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/router.hpp>

namespace live_feed {

/// `POST /api/scores` publishes a message; `GET /events` is the stream of all messages.
cohort::http::router app();

}  // namespace live_feed
