// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/api_key_authenticator.hpp>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {
namespace {

using digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

digest sha256(std::string_view text) {
  digest hash;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hash;
}

/// The key of the request, valid or not. Credentials of a scheme other than Bearer count as no key.
std::optional<std::string_view> find_key(const http::request_head& head) {
  if (const auto key = head.find("x-api-key")) return key;
  const auto credentials = head.find(http::field::authorization);
  if (!credentials) return std::nullopt;
  const auto scheme_length = std::min(credentials->find(' '), credentials->size());
  if (!http::iequals(credentials->substr(0, scheme_length), "Bearer")) return std::nullopt;
  return http::trimmed(credentials->substr(scheme_length));
}

telemetry::counter& failure_counter(telemetry::registry& metrics, const std::string& prefix, std::string_view endpoint,
                                    const char* reason) {
  return metrics.make_counter(prefix + "_auth_failures_total",
                              "Requests rejected because the API key was missing or invalid.",
                              {{"endpoint", std::string{endpoint}}, {"reason", reason}});
}

}  // namespace

bool constant_time_equal(std::string_view candidate, std::string_view expected) {
  const auto candidate_hash = sha256(candidate);
  const auto expected_hash = sha256(expected);
  return CRYPTO_memcmp(candidate_hash.data(), expected_hash.data(), expected_hash.size()) == 0;
}

void api_key_authenticator::register_counters(const http::router& routes) const {
  for (const auto& route : routes.routes()) {
    if (!route->pattern.starts_with("/api/")) continue;
    for (const auto* reason : {"missing", "invalid"}) failure_counter(metrics_, prefix_, route->pattern, reason);
  }
}

std::optional<http::response> api_key_authenticator::authenticate(const http::request_context& context,
                                                                  std::string_view endpoint) const {
  if (is_enabled() && alternative_ && !find_key(context.head()) && alternative_(context)) return std::nullopt;
  return authenticate_key(context, endpoint);
}

std::optional<http::response> api_key_authenticator::authenticate_key(const http::request_context& context,
                                                                      std::string_view endpoint) const {
  if (has_valid_key(context)) return std::nullopt;
  const bool has_key = find_key(context.head()).has_value();
  failure_counter(metrics_, prefix_, endpoint, has_key ? "invalid" : "missing").increment();
  auto unauthorized = http::error_response(http::status::unauthorized, "Unauthorized",
                                           has_key ? "Invalid API key" : "API key required");
  unauthorized.set("WWW-Authenticate", "ApiKey realm=\"api\", header=\"X-API-Key\"");
  return unauthorized;
}

bool api_key_authenticator::has_valid_key(const http::request_context& context) const {
  if (!is_enabled()) return true;
  const auto key = find_key(context.head());
  return key && constant_time_equal(*key, key_.get());
}

http::filter api_key_filter(const api_key_authenticator& authenticator) {
  return [&authenticator](http::request_context& context) -> std::optional<http::response> {
    const auto endpoint = context.endpoint();
    // The path may be percent-encoded, so the endpoint is checked as well.
    const bool is_api = endpoint.starts_with("/api/") || context.head().path.starts_with("/api/");
    return is_api ? authenticator.authenticate(context, endpoint) : std::nullopt;
  };
}

}  // namespace cohort::service
