// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/rate_limit.hpp>

#include <memory>
#include <mutex>

#include <cohort/net/client_network.hpp>
#include <cohort/policy/overload/client_rate_limiter.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {
namespace {

struct shared_limiter {
  explicit shared_limiter(config::rate limit) : limiter(limit.count, limit.period) {}

  std::mutex mutex;
  policy::client_rate_limiter limiter;
};

}  // namespace

filter rate_limit(config::rate limit, rate_limit_hooks hooks) {
  return [shared = std::make_shared<shared_limiter>(limit),
          hooks = std::move(hooks)](request_context& context) -> std::optional<response> {
    if (hooks.is_exempt && hooks.is_exempt(context)) return std::nullopt;
    const auto client = hooks.client ? hooks.client(context) : net::client_network(context.client_address());
    std::optional<duration> retry_after;
    {
      const std::lock_guard lock{shared->mutex};
      retry_after = shared->limiter.take(client, loop::current().now());
    }
    if (!retry_after) return std::nullopt;
    if (hooks.on_rejected) hooks.on_rejected();
    auto rejection = error_response(status::too_many_requests, "Rate limit exceeded, try again later");
    set_retry_after(rejection, *retry_after);
    return rejection;
  };
}

}  // namespace cohort::http
