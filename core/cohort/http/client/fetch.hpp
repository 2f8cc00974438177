// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/client/client.hpp>

namespace cohort::http {

/// A call without policies: sends a request, follows up to `request.max_redirects` redirects, and repeats an idempotent
/// request once on a new connection if a reused connection ended before any byte of a response. Any status is a
/// success. For calls to a service that is called repeatedly, use an `upstream`. `transport` must outlive the call;
/// runs on a loop.
task<client_result> fetch(client& transport, client_request request, deadline call_deadline);

}  // namespace cohort::http
