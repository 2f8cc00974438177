// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/timeout.hpp>

#include <cohort/runtime/concurrency/with_deadline.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {

middleware timeout(duration limit) {
  return [limit](request_context& context, next go) -> task<response> {
    const auto outer = context.deadline();
    const auto own = deadline::after(loop::current().now(), limit);
    if (outer <= own) co_return co_await go(context);
    context.set_deadline(own);
    auto rest = go(context);
    auto limited = with_deadline(own, std::move(rest));
    auto result = co_await std::move(limited);
    context.set_deadline(outer);
    if (result) co_return std::move(*result);
    co_return error_response(status::gateway_timeout, "The request took too long");
  };
}

}  // namespace cohort::http
