// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/rate_limit.hpp>

#include <memory>
#include <mutex>

#include <cohort/net/client_network.hpp>
#include <cohort/policy/overload/rate_limiter.hpp>
#include <cohort/runtime/loop.hpp>
#include <cohort/service/api_key_authenticator.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {
namespace {

struct shared_limiter {
  explicit shared_limiter(config::rate limit) : limiter(limit.count, limit.period) {}

  std::mutex mutex;
  policy::rate_limiter limiter;
};

}  // namespace

http::filter rate_limit_filter(config::rate limit, telemetry::registry& metrics,
                               const api_key_authenticator& authenticator) {
  auto& rejected = metrics.make_counter("cohort_server_rate_limited_total",
                                        "Requests rejected because their client exceeded the rate limit.");
  return [shared = std::make_shared<shared_limiter>(limit), &rejected,
          &authenticator](http::request_context& context) -> std::optional<http::response> {
    const auto* const operation = context.matched_operation();
    const bool is_exempt = operation && operation->settings().is_exempt_from_rate_limit;
    // A request without a valid key is never exempt, because it may be an attempt to guess the key.
    if (is_exempt && authenticator.has_valid_key(context)) return std::nullopt;
    const auto client = net::client_network(context.peer_address());
    std::optional<duration> retry_after;
    {
      const std::lock_guard lock{shared->mutex};
      retry_after = shared->limiter.take(client, loop::current().now());
    }
    if (!retry_after) return std::nullopt;
    rejected.increment();
    auto response = http::error_response(http::status::too_many_requests, "Rate limit exceeded, try again later");
    response.set("Retry-After", std::to_string(std::chrono::ceil<std::chrono::seconds>(*retry_after).count()));
    return response;
  };
}

}  // namespace cohort::service
