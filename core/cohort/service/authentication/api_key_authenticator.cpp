// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/authentication/api_key_authenticator.hpp>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include <cohort/http/message/request/unique_field.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/service/authentication/failed_key_throttle.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {
namespace {

using digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

digest sha256(std::string_view text) {
  digest hash;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  return hash;
}

/// The key of the request, valid or not. Credentials with a scheme other than Bearer are ignored. Empty if the field is
/// repeated, because an upstream behind a gateway could use a different value.
std::optional<std::string_view> find_key(const http::request_head& head) {
  if (head.find("x-api-key")) return http::find_unique(head, "x-api-key");
  const auto credentials = http::find_unique(head, http::field::authorization);
  if (!credentials) return std::nullopt;
  const auto scheme_length = std::min(credentials->find(' '), credentials->size());
  if (!http::iequals(credentials->substr(0, scheme_length), "Bearer")) return std::nullopt;
  return http::trimmed(credentials->substr(scheme_length));
}

telemetry::counter& throttled_counter(telemetry::registry& metrics) {
  return metrics.make_counter("cohort_server_auth_throttled_total",
                              "Requests with an invalid API key rejected with 429 by the limit per client.");
}

telemetry::counter& failure_counter(telemetry::registry& metrics, const std::string& prefix, std::string_view endpoint,
                                    const char* reason) {
  return metrics.make_counter(prefix + "_auth_failures_total",
                              "Requests rejected because the API key was missing or invalid.",
                              {{"endpoint", std::string{endpoint}}, {"reason", reason}});
}

}  // namespace

struct api_key_authenticator::prepared_keys {
  const config::api_key_list* keys;
  std::vector<digest> digests;
  std::vector<telemetry::counter*> counters;
};

bool constant_time_equal(std::string_view candidate, std::string_view expected) {
  const auto candidate_digest = sha256(candidate);
  const auto expected_digest = sha256(expected);
  return CRYPTO_memcmp(candidate_digest.data(), expected_digest.data(), expected_digest.size()) == 0;
}

api_key_authenticator::api_key_authenticator(const config::api_key_set& keys, telemetry::registry& metrics,
                                             std::string prefix, std::shared_ptr<failed_key_throttle> throttle)
    : keys_(keys), metrics_(metrics), prefix_(std::move(prefix)), throttle_(std::move(throttle)) {}

api_key_authenticator::~api_key_authenticator() = default;

void api_key_authenticator::register_counters(const http::router& routes) const {
  for (const auto& route : routes.routes()) {
    const bool is_protected = std::ranges::any_of(
        route->operations(), [](const auto& operation) { return operation->steps().requires_credential(); });
    if (!is_protected && !route->pattern.starts_with("/api/")) continue;
    for (const auto* reason : {"missing", "invalid"}) failure_counter(metrics_, prefix_, route->pattern, reason);
  }
  throttled_counter(metrics_);
  prepare_keys();
}

/// Called once for each list of keys, so that requests take no lock. Previous lists are kept, like the previous lists
/// of `api_key_set`.
const api_key_authenticator::prepared_keys& api_key_authenticator::prepare_keys() const {
  const std::lock_guard lock{mutex_};
  const auto& keys = keys_.get();
  if (!prepared_.empty() && prepared_.back()->keys == &keys) return *prepared_.back();
  auto prepared = std::make_unique<prepared_keys>(prepared_keys{&keys, {}, {}});
  for (const auto& entry : keys) {
    prepared->digests.push_back(sha256(entry.key));
    prepared->counters.push_back(&metrics_.make_counter(prefix_ + "_api_key_requests_total",
                                                        "Requests accepted by API key, by the name of the key.",
                                                        {{"key", entry.name}}));
  }
  prepared_.push_back(std::move(prepared));
  current_.store(prepared_.back().get(), std::memory_order_release);
  return *prepared_.back();
}

const api_key_authenticator::prepared_keys& api_key_authenticator::current_keys() const {
  const auto* current = current_.load(std::memory_order_acquire);
  return current && current->keys == &keys_.get() ? *current : prepare_keys();
}

std::optional<std::size_t> api_key_authenticator::find_index(const prepared_keys& keys,
                                                             const http::request_context& context) {
  const auto key = find_key(context.head());
  if (!key) return std::nullopt;
  const auto candidate = sha256(*key);
  std::optional<std::size_t> found;
  // All keys are compared, so that the duration does not depend on the position of the equal key.
  for (std::size_t i = 0; i < keys.digests.size(); ++i) {
    if (CRYPTO_memcmp(candidate.data(), keys.digests[i].data(), candidate.size()) == 0) found = i;
  }
  return found;
}

const config::api_key* api_key_authenticator::find_valid_key(const http::request_context& context) const {
  if (!is_enabled()) return nullptr;
  const auto& keys = current_keys();
  const auto index = find_index(keys, context);
  return index ? &(*keys.keys)[*index] : nullptr;
}

bool api_key_authenticator::has_valid_key(const http::request_context& context) const {
  return !is_enabled() || find_valid_key(context) != nullptr;
}

std::optional<http::response> api_key_authenticator::authenticate(const http::request_context& context,
                                                                  std::string_view endpoint) const {
  if (!is_enabled()) return std::nullopt;
  auto caller = authenticate_caller(context, endpoint);
  if (!caller) return std::move(caller).error();
  return std::nullopt;
}

result<authenticated_caller, http::response> api_key_authenticator::authenticate_caller(
    const http::request_context& context, std::string_view endpoint) const {
  using credential = authenticated_caller::credential;
  if (alternative_ && !find_key(context.head()) && alternative_(context)) {
    return authenticated_caller{credential::alternative, {}};
  }
  const auto& keys = current_keys();
  const auto index = find_index(keys, context);
  if (!index) return reject(context, endpoint);
  keys.counters[*index]->increment();
  return authenticated_caller{credential::api_key, (*keys.keys)[*index].name};
}

std::optional<http::response> api_key_authenticator::authenticate_key(const http::request_context& context,
                                                                      std::string_view endpoint) const {
  if (!is_enabled()) return std::nullopt;
  const auto& keys = current_keys();
  const auto index = find_index(keys, context);
  if (!index) return reject(context, endpoint);
  keys.counters[*index]->increment();
  return std::nullopt;
}

http::response api_key_authenticator::reject(const http::request_context& context, std::string_view endpoint) const {
  const bool has_key = find_key(context.head()).has_value();
  failure_counter(metrics_, prefix_, endpoint, has_key ? "invalid" : "missing").increment();
  if (has_key && throttle_) {
    if (const auto retry_after = throttle_->record(context.client_address(), loop::current().now())) {
      throttled_counter(metrics_).increment();
      auto response =
          http::error_response(http::status::too_many_requests, "Too many invalid API keys, try again later");
      http::set_retry_after(response, *retry_after);
      return response;
    }
  }
  auto unauthorized = http::error_response(http::status::unauthorized, "Unauthorized",
                                           has_key ? "Invalid API key" : "API key required");
  unauthorized.set("WWW-Authenticate", "ApiKey realm=\"api\", header=\"X-API-Key\"");
  return unauthorized;
}

std::optional<http::response> api_key_requirement::operator()(http::request_context& context) const {
  // An operation below `/api/` can have both filters: the request is authenticated and counted once.
  if (!authenticator_->is_enabled() || context.get<authenticated_caller>()) return std::nullopt;
  auto caller = authenticator_->authenticate_caller(context, context.endpoint());
  if (!caller) return std::move(caller).error();
  context.set(*caller);
  return std::nullopt;
}

http::filter api_key_filter(const api_key_authenticator& authenticator) {
  return
      [requirement = require_api_key(authenticator)](http::request_context& context) -> std::optional<http::response> {
        // The path may be percent-encoded, so the endpoint is also checked.
        const bool is_api = context.endpoint().starts_with("/api/") || context.head().path.starts_with("/api/");
        return is_api ? requirement(context) : std::nullopt;
      };
}

}  // namespace cohort::service
