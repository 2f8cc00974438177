// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/client/client.hpp>

namespace cohort::http {

/// Sends a request without the policies of an `upstream`. Follows up to `request.max_redirects` redirects, and resends
/// an idempotent request once on a new connection if a reused connection was closed before any byte of a response. A
/// response with any status is a success. For repeated calls to a service, use an `upstream`. `transport` must outlive
/// the call; runs on a loop.
task<client_result> fetch(client& transport, client_request request, deadline call_deadline);

}  // namespace cohort::http
