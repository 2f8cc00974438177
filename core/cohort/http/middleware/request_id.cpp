// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/middleware/request_id.hpp>

namespace cohort::http {

middleware request_id() {
  return [](request_context& context, next go) -> task<response> {
    auto result = co_await go(context);
    result.set("X-Request-Id", context.id());
    co_return result;
  };
}

}  // namespace cohort::http
