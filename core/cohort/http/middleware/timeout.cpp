// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/timeout.hpp>

#include <cohort/runtime/concurrency/with_deadline.hpp>
#include <cohort/runtime/loop.hpp>

namespace cohort::http {

middleware timeout(duration limit) {
  return [limit](request_context& context, next next_handler) -> task<response> {
    const auto outer_deadline = context.deadline();
    const auto own_deadline = deadline::after(loop::current().now(), limit);
    if (outer_deadline <= own_deadline) co_return co_await next_handler(context);
    context.set_deadline(own_deadline);
    auto remaining_steps = next_handler(context);
    auto next_step_task = with_deadline(own_deadline, std::move(remaining_steps));
    auto result = co_await std::move(next_step_task);
    context.set_deadline(outer_deadline);
    if (result) co_return std::move(*result);
    co_return error_response(status::gateway_timeout, "The request took too long");
  };
}

}  // namespace cohort::http
