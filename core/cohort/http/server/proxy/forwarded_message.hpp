// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <cohort/http/server/proxy/proxy_target.hpp>

namespace cohort::http {

/// The protocols of `upgrades` that a request offers (RFC 9110 section 7.8), as a list. Returns an empty result if
/// there are none, or if the request is not an HTTP/1.1 GET.
std::string requested_upgrade(const request_head& head, const std::vector<std::string>& upgrades);

/// Fills the empty `request` with the request to the upstream for a client's request, without its body. `upgrade` is a
/// list of protocols or empty. Returns false if the target of the client's request is invalid.
bool make_forwarded_request(client_request& request, const proxy_target& to, const request_context& context,
                            std::string_view upgrade);

/// Copies the fields of an upstream's response to the client's response, except fields that this server sends, and
/// `Content-Type`, which `response::body` sets.
void append_response_fields(response& result, const client_response& head, const proxy_target& to);

}  // namespace cohort::http
