// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cohort/http/server/request_context.hpp>
#include <cohort/service/authentication/api_key_authenticator.hpp>
#include <cohort/telemetry/metrics.hpp>
#include "services/gateway/jwt/jwt_verifier.hpp"
#include "services/gateway/routes_file/routes_file.hpp"
#include "services/gateway/routing/caller_identity.hpp"

namespace cohort::gateway {

/// The verifiers of a routes file by their names.
using verifier_map = std::map<std::string, std::shared_ptr<const jwt_verifier>>;

/// Authenticates the requests of one route according to its `auth` entry. Thread-safe.
class route_authenticator {
 public:
  /// `keys` and `metrics` must outlive this object. Precondition: `find_errors` has none.
  route_authenticator(const std::string& route, const auth_entry& entry, const verifier_map& verifiers,
                      const service::api_key_authenticator& keys, telemetry::registry& metrics);

  /// Authenticates a request and stores its `caller_identity`. Returns a response if the request is rejected: 401, 403,
  /// or 429 after too many invalid keys.
  std::optional<http::response> authenticate(http::request_context& context) const;

 private:
  std::optional<http::response> authenticate_key(http::request_context& context) const;
  std::optional<http::response> authenticate_token(http::request_context& context) const;
  caller_identity make_identity(const jwt_claims& claims) const;

  std::string route_;
  const service::api_key_authenticator& keys_;
  /// Names of the accepted keys; all if empty.
  std::vector<std::string> key_names_;
  /// The verifier of tokens; null if the route accepts API keys.
  std::shared_ptr<const jwt_verifier> verifier_;
  std::map<std::string, std::string> claim_headers_;
  std::vector<telemetry::counter*> token_rejections_;
};

}  // namespace cohort::gateway
