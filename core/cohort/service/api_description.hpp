// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

namespace cohort::http {
class router;
}

namespace cohort::service {

class api_key_authenticator;

/// Properties of the service that `add_api_description_routes` describes besides the routes.
struct api_description_settings {
  std::string title;
  std::string description;
  std::string version;
  /// The name of the cookie that `api_key_authenticator::set_alternative` accepts; none if empty.
  std::string session_cookie{};
  /// Whether `/api/*` and operations with `require_api_key` require a client certificate.
  bool requires_client_certificate = false;
  /// Whether the service has a rate limit.
  bool has_rate_limit = false;
  /// Whether the routes of the framework and other operations with `hidden` are also described.
  bool includes_hidden = false;
};

/// Adds `/openapi.json`, the OpenAPI 3.1 document of the routes, and `/docs`, an HTML page with the same content.
/// Neither route requires a credential. While `authenticator` is enabled, the documents describe the credentials of
/// `/api/*` and of operations with `require_api_key`. The documents are created at the first request. `authenticator`
/// must outlive the routes.
void add_api_description_routes(http::router& routes, api_description_settings settings,
                                const api_key_authenticator& authenticator);

}  // namespace cohort::service
