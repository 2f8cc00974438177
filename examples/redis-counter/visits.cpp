// SPDX-License-Identifier: BSL-1.0
#include "examples/redis-counter/visits.hpp"

#include <memory>
#include <string>

#include <cohort/redis/client.hpp>

using namespace cohort;
using http::status;

namespace visits {
namespace {

using client = std::shared_ptr<redis::client>;

http::response to_error_response(const redis::error& failure) {
  const bool is_late = failure.code == redis::errc::timeout;
  return http::error_response(is_late ? status::gateway_timeout : status::service_unavailable, "Redis is unavailable");
}

task<http::response> count_visit(client counters, http::request_context& request) {
  const auto key = "visits:" + std::string{request.parameter("page")};
  auto increment_task = counters->incr(request, key);
  const auto count = co_await std::move(increment_task);
  if (!count) co_return to_error_response(count.error());
  if (*count == 1) {
    auto expire_task = counters->expire(request, key, std::chrono::hours{24});
    const auto expires = co_await std::move(expire_task);
    if (!expires) co_return to_error_response(expires.error());
  }
  co_return http::response{}.body(std::to_string(*count), "text/plain");
}

}  // namespace

service::definition visit_service() {
  const auto settings = std::make_shared<redis::client_settings>();
  service::definition definition;
  definition.name = "visit-service";
  definition.metric_prefix = "visit_service";
  definition.description = "Counts visits in Redis: /api/visits/{page}";
  definition.port = 5023;
  definition.add_options = [settings](config::options& options) {
    options.add(settings->host, {"--redis-host", "REDIS_HOST", "Host of Redis"}, config::text(), settings->host);
    options.add(settings->port, {"--redis-port", "REDIS_PORT", "Port of Redis"}, config::remote_port(), "6379");
    options.add_secret(settings->password, {"--redis-password", "REDIS_PASSWORD", "Password of Redis"});
  };
  definition.app = [settings](service::service_context& context, service::api_key_authenticator&) {
    const auto counters = std::make_shared<redis::client>(context.network(), context.loops().size(), context.metrics,
                                                          context.log, *settings);
    context.on_stop(counters->close());
    http::router routes;
    routes.post("/api/visits/{page}",
                [counters](http::request_context& request) { return count_visit(counters, request); });
    return routes;
  };
  return definition;
}

}  // namespace visits
