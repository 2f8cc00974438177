// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cohort/http/server/request_context.hpp>

namespace cohort::dashboard {

/// Whether a browser sent the request for a page of another origin (RFC 6454). `SameSite=Strict` excludes the session
/// cookie from requests of other sites, but not from requests of other ports or subdomains of the same site. Programs
/// send neither `Origin` nor `Sec-Fetch-Site`.
bool is_cross_origin(const http::request_head& head);

}  // namespace cohort::dashboard
