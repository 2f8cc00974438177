// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/client/fetch.hpp>

#include <cohort/http/client/call_loop.hpp>

namespace cohort::http {

task<client_result> fetch(client& transport, client_request request, deadline call_deadline) {
  auto target = origin_of(request.url);
  if (!target) co_return client_error::invalid_request;
  call_loop call{transport, request, std::move(*target), call_deadline};
  auto run_task = call.run(loop::current().now());
  co_return co_await std::move(run_task);
}

}  // namespace cohort::http
