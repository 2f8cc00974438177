// SPDX-License-Identifier: BSL-1.0
#include <cohort/service/rate_limit.hpp>

#include <cohort/http/middleware/rate_limit.hpp>
#include <cohort/service/authentication/api_key_authenticator.hpp>
#include <cohort/telemetry/metrics.hpp>

namespace cohort::service {

http::filter rate_limit_filter(config::rate limit, telemetry::registry& metrics,
                               const api_key_authenticator& authenticator) {
  auto& rejected = metrics.make_counter("cohort_server_rate_limited_total",
                                        "Requests rejected because their client exceeded the rate limit.");
  http::rate_limit_hooks hooks;
  hooks.is_exempt = [&authenticator](const http::request_context& context) {
    const auto* const operation = context.matched_operation();
    // A request without a valid key is never exempt, because it may be an attempt to guess the key.
    return operation && operation->settings().is_exempt_from_rate_limit && authenticator.has_valid_key(context);
  };
  hooks.on_rejected = [&rejected] { rejected.increment(); };
  return http::rate_limit(limit, std::move(hooks));
}

}  // namespace cohort::service
