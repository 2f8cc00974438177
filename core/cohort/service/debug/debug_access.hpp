// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <cohort/service/authentication/api_key_authenticator.hpp>

namespace cohort::service {

/// Whether the request was sent from this host: it names a loopback host, and no proxy has forwarded it. Must be used
/// only for a service that listens on a loopback address, which other hosts can reach only through a proxy or by DNS
/// rebinding.
bool is_local_request(const http::request_context& context);

/// Returns the response to a request that may not use the debug routes. A request with `Origin`, which web pages send,
/// is rejected with 403. If the service has an API key, a request without a valid key is rejected with 401 (or 429). A
/// session (`api_key_authenticator::set_alternative`) may only read. If the service has no key, the status is 404
/// unless the service listens on a loopback address (`is_loopback`) and the request is local (`is_local_request`).
std::optional<http::response> reject_debug_request(const http::request_context& context,
                                                   const api_key_authenticator& authenticator, bool is_loopback);

}  // namespace cohort::service
