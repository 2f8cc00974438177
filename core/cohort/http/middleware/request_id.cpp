// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/request_id.hpp>

namespace cohort::http {

middleware request_id() {
  return [](request_context& context, next next_handler) -> task<response> {
    auto result = co_await next_handler(context);
    result.set("X-Request-Id", context.id());
    co_return result;
  };
}

}  // namespace cohort::http
