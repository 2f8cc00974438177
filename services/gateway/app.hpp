// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include <cohort/service/service.hpp>

namespace cohort::gateway {

/// Forwards requests according to the routes file at `path`, which is reloaded when it changes. The gateway itself
/// serves `/health`, `/livez`, `/readyz`, `/metrics`, `/debug/*` and `/openapi.json`. Throws `std::invalid_argument`
/// with a message if the file is invalid.
http::router app(service::service_context& context, service::api_key_authenticator& authenticator,
                 const std::string& path);

service::definition definition();

}  // namespace cohort::gateway
