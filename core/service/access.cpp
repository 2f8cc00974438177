#include "core/service/access.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <memory>
#include <mutex>

#include "core/policy/rate_limiter.hpp"

namespace cohort::service {
namespace {

using digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

digest sha256(std::string_view text) {
  digest made;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), made.data());
  return made;
}

/// The key as the caller shows it, right or wrong; nothing if it shows none. Credentials of another scheme are none.
std::optional<std::string_view> shown_key(const http::request_head& head) {
  if (const auto key = head.find("x-api-key")) return key;
  const auto credentials = head.find(http::field::authorization);
  if (!credentials) return std::nullopt;
  const auto space = std::min(credentials->find(' '), credentials->size());
  if (!http::same_name(credentials->substr(0, space), "Bearer")) return std::nullopt;
  return http::trimmed(credentials->substr(space));
}

telemetry::counter& failures(telemetry::registry& metrics, const std::string& prefix, std::string_view endpoint,
                             const char* reason) {
  return metrics.make_counter(prefix + "_auth_failures_total", "Requests without the API key, or with a wrong one.",
                              {{"endpoint", std::string{endpoint}}, {"reason", reason}});
}

}  // namespace

bool same_secret(std::string_view given, std::string_view expected) {
  const auto a = sha256(given);
  const auto b = sha256(expected);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void key_guard::expose_counters(const http::router& routes) const {
  for (const auto& each : routes.routes()) {
    if (!each->pattern.starts_with("/api/")) continue;
    for (const auto* reason : {"missing", "invalid"}) failures(metrics_, prefix_, each->pattern, reason);
  }
}

std::optional<http::response> key_guard::check(const http::request_context& context, std::string_view endpoint) const {
  if (!shown_key(context.head()) && asks() && other_proof_ && other_proof_(context)) return std::nullopt;
  return check_key(context, endpoint);
}

std::optional<http::response> key_guard::check_key(const http::request_context& context,
                                                   std::string_view endpoint) const {
  if (!asks()) return std::nullopt;
  const auto given = shown_key(context.head());
  if (given && same_secret(*given, key_)) return std::nullopt;
  failures(metrics_, prefix_, endpoint, given ? "invalid" : "missing").increment();
  auto refusal =
      http::error_response(http::status::unauthorized, "Unauthorized", given ? "Invalid API key" : "API key required");
  refusal.set("WWW-Authenticate", "ApiKey realm=\"api\", header=\"X-API-Key\"");
  return refusal;
}

http::filter api_key_filter(const key_guard& guard) {
  return [&guard](const http::request_context& context, std::string_view endpoint) -> std::optional<http::response> {
    // By the route as well as by the path: percent-encoding must not open a door.
    const bool is_api = endpoint.starts_with("/api/") || context.head().path.starts_with("/api/");
    return is_api ? guard.check(context, endpoint) : std::nullopt;
  };
}

http::filter rate_limit_filter(config::rate limit, telemetry::registry& metrics) {
  struct shared_limiter {
    explicit shared_limiter(config::rate rate) : limiter(rate.count, rate.per) {}
    std::mutex mutex;
    policy::rate_limiter limiter;
  };
  auto shared = std::make_shared<shared_limiter>(limit);
  auto& refused = metrics.make_counter("cohort_server_rate_limited_total", "Requests above their client's rate limit.");
  return [shared, &refused](const http::request_context& context,
                            std::string_view endpoint) -> std::optional<http::response> {
    if (endpoint == alerts_route && context.head().method == http::method::post) return std::nullopt;
    std::optional<duration> wait;
    {
      const std::lock_guard lock{shared->mutex};
      wait = shared->limiter.take(context.peer(), loop::current().now());
    }
    if (!wait) return std::nullopt;
    refused.increment();
    auto refusal = http::error_response(http::status::too_many_requests, "Rate limit exceeded, try again later");
    refusal.set("Retry-After", std::to_string(std::chrono::ceil<std::chrono::seconds>(*wait).count()));
    return refusal;
  };
}

std::string security_headers(std::string_view content_security_policy) {
  std::string lines;
  lines += "X-Content-Type-Options: nosniff\r\n";
  lines += "X-Frame-Options: DENY\r\n";
  lines += "Referrer-Policy: strict-origin-when-cross-origin\r\n";
  lines.append("Content-Security-Policy: ").append(content_security_policy).append("\r\n");
  lines += "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n";
  return lines;
}

}  // namespace cohort::service
