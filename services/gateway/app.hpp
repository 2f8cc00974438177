// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/service/service.hpp>

namespace cohort::gateway {

/// Forwards all paths but those of the gateway itself (`/health`, `/livez`, `/readyz`, `/metrics`, `/debug/*`,
/// `/openapi.json`) by the routes file at `path`, which is reloaded when it changes. Throws `std::invalid_argument`
/// with a message if the file is invalid.
http::router app(service::service_context& context, service::api_key_authenticator& authenticator,
                 const std::string& path);

service::definition definition();

}  // namespace cohort::gateway
