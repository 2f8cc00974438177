// SPDX-License-Identifier: BSL-1.0
// Has a handler without and with middleware for `./dev bench middleware`, and blocking handlers for
// `tests/bench/blocking`.
#include <chrono>
#include <stop_token>
#include <thread>

#include <cohort/runtime/concurrency/wait_queue.hpp>
#include <cohort/service/service.hpp>

using namespace cohort;
using namespace std::chrono_literals;

static http::response hello(http::request_context&) { return http::response{}.body("hello", "text/plain"); }

/// Awaits `next` in a separate coroutine frame, as a middleware does that uses the response.
static task<http::response> await_next(http::request_context& context, http::next next) {
  auto response = co_await next(context);
  co_return response;
}

static task<http::response> block(blocking_pool& blocking, http::request_context& request, duration time) {
  auto work = [time](const std::stop_token&) {
    std::this_thread::sleep_for(time);
    return true;
  };
  const auto ended = co_await blocking.run(request, std::move(work), "sleep");
  if (!ended) co_return http::error_response(http::status::service_unavailable, ended.error().message());
  co_return hello(request);
}

/// Measures the delay of a loop timer every millisecond.
static task<> observe_lag(telemetry::histogram& lag) {
  auto status = wait_status::timed_out;
  while (status == wait_status::timed_out) {
    const auto due = deadline::after(loop::current().now(), 1ms);
    status = co_await sleep_until(due);
    lag.observe(to_seconds(loop::current().now() - due.time()));
  }
}

int main(int argc, char** argv) {
  service::definition definition;
  definition.name = "framework-service";
  definition.metric_prefix = "framework_service";
  definition.description =
      "GET /api/plain, /api/middleware (five), /api/sleep (5 ms), /api/stuck (10 s, timeout 300 ms)";
  definition.port = 5098;
  definition.app = [](service::service_context& context, service::api_key_authenticator&) {
    auto& lag =
        context.metrics.make_histogram("framework_service_timer_lag_seconds",
                                       "Delay of a timer of the first loop in seconds, measured every millisecond.");
    context.background.spawn(observe_lag(lag));
    http::router routes;
    routes.get("/api/plain", hello);
    auto& middleware_route = routes.get("/api/middleware", hello);
    for (int i = 0; i < 5; ++i) middleware_route.use(await_next);
    const auto blocking = [&pool = context.blocking](duration time) {
      return [&pool, time](http::request_context& request) { return block(pool, request, time); };
    };
    routes.get("/api/sleep", blocking(5ms));
    routes.get("/api/stuck", blocking(10s)).timeout(300ms);
    return routes;
  };
  return service::run(argc, argv, std::move(definition));
}
