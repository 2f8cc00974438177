// SPDX-License-Identifier: BSL-1.0
#include "services/gateway/routing/route_authenticator.hpp"

#include <algorithm>

#include <cohort/http/message/request/unique_field.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::gateway {
namespace {

/// The metric label for requests without a token.
constexpr std::string_view missing = "missing";
constexpr auto last_error = jwt_error::audience;

/// Returns the counters, indexed by `jwt_error`; the last counter counts missing tokens.
std::vector<telemetry::counter*> rejection_counters(telemetry::registry& metrics) {
  std::vector<telemetry::counter*> counters;
  const auto add = [&](std::string_view reason) {
    counters.push_back(&metrics.make_counter("gateway_service_token_rejections_total",
                                             "Requests rejected because of their JSON Web Token, by reason.",
                                             {{"reason", std::string{reason}}}));
  };
  for (std::size_t i = 0; i <= static_cast<std::size_t>(last_error); ++i) add(to_string(static_cast<jwt_error>(i)));
  add(missing);
  return counters;
}

/// Returns the token of `Authorization: Bearer TOKEN` (RFC 6750 section 2.1). Returns an empty result without a token,
/// or if there are several fields, because the upstream could use a different one than the gateway.
std::optional<std::string_view> find_token(const http::request_head& head) {
  const auto credentials = http::find_unique(head, http::field::authorization);
  constexpr std::string_view scheme = "Bearer ";
  if (!credentials || !http::iequals(credentials->substr(0, scheme.size()), scheme)) return std::nullopt;
  return http::trimmed(credentials->substr(scheme.size()));
}

/// Returns the response to a missing or invalid token, with a Bearer challenge (RFC 6750 section 3).
http::response token_rejection(std::optional<jwt_error> error) {
  const std::string_view message = error ? describe(*error) : "A bearer token is required";
  auto rejection = http::error_response(http::status::unauthorized, "Unauthorized", message);
  std::string challenge = "Bearer realm=\"api\"";
  if (error) challenge.append(", error=\"invalid_token\", error_description=\"").append(message).append("\"");
  rejection.set("WWW-Authenticate", challenge);
  return rejection;
}

}  // namespace

route_authenticator::route_authenticator(const std::string& route, const auth_entry& entry,
                                         const verifier_map& verifiers, const service::api_key_authenticator& keys,
                                         telemetry::registry& metrics)
    : route_(route), keys_(keys), claim_headers_(entry.claim_headers) {
  if (entry.api_key) key_names_ = entry.api_key->names;
  if (!entry.jwt) return;
  verifier_ = verifiers.at(*entry.jwt);
  token_rejections_ = rejection_counters(metrics);
}

std::optional<http::response> route_authenticator::authenticate(http::request_context& context) const {
  return verifier_ ? authenticate_token(context) : authenticate_key(context);
}

std::optional<http::response> route_authenticator::authenticate_key(http::request_context& context) const {
  if (auto rejection = keys_.authenticate_key(context, route_)) return rejection;
  const auto* const key = keys_.find_valid_key(context);
  // If no key is configured, a route that requires a key rejects all requests.
  if (!key) return http::error_response(http::status::unauthorized, "Unauthorized", "No API key is configured");
  if (!key_names_.empty() && std::find(key_names_.begin(), key_names_.end(), key->name) == key_names_.end()) {
    return http::error_response(http::status::forbidden, "The API key is not accepted for this path");
  }
  context.set(caller_identity{"key:" + key->name, {}});
  return std::nullopt;
}

std::optional<http::response> route_authenticator::authenticate_token(http::request_context& context) const {
  const auto token = find_token(context.head());
  if (!token) {
    token_rejections_.back()->increment();
    return token_rejection(std::nullopt);
  }
  const auto claims = verifier_->verify(*token, loop::current().wall_now());
  if (!claims) {
    token_rejections_[static_cast<std::size_t>(claims.error())]->increment();
    return token_rejection(claims.error());
  }
  context.set(make_identity(*claims));
  return std::nullopt;
}

caller_identity route_authenticator::make_identity(const jwt_claims& claims) const {
  caller_identity caller;
  if (!claims.subject.empty()) caller.name = "sub:" + claims.subject;
  for (const auto& [claim, field] : claim_headers_) {
    const auto value = claims.values.find(claim);
    if (value == claims.values.end() || !http::is_field_value(value->second)) continue;
    caller.fields.emplace_back(field, value->second);
  }
  return caller;
}

}  // namespace cohort::gateway
