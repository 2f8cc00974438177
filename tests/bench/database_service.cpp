// SPDX-License-Identifier: BSL-1.0
// Sends one query to PostgreSQL, or one command to Redis, for each request. Used by `./dev bench databases`.
#include <cohort/postgres/libpq/libpq_database.hpp>
#include <cohort/postgres/pool.hpp>
#include <cohort/redis/client.hpp>
#include <cohort/runtime/concurrency/when_all.hpp>
#include <cohort/service/service.hpp>

using namespace cohort;

static task<http::response> find_user(std::shared_ptr<postgres::pool> users, http::request_context& request) {
  const auto id = std::stoll(std::string{request.parameter("id")});
  auto query_task = users->query(request, "select name from users where id = $1", id);
  const auto found = co_await std::move(query_task);
  if (!found || found->empty()) co_return http::error_response(http::status::service_unavailable, "no user");
  co_return http::response{}.body((*found)[0].get<std::string>(0).value(), "text/plain");
}

static task<http::response> read_value(std::shared_ptr<redis::client> values, http::request_context& request) {
  auto read_task = values->get(request, "value");
  const auto value = co_await std::move(read_task);
  if (!value || !*value) co_return http::error_response(http::status::service_unavailable, "no value");
  co_return http::response{}.body(**value, "text/plain");
}

/// Sends 16 commands before the first reply arrives.
static task<http::response> read_values(std::shared_ptr<redis::client> values, http::request_context& request) {
  std::vector<task<redis::result<std::optional<std::string>>>> read_tasks;
  for (int i = 0; i < 16; ++i) read_tasks.push_back(values->get(request, "value"));
  auto wait_task = when_all(std::move(read_tasks));
  const auto found = co_await std::move(wait_task);
  for (const auto& value : found) {
    if (!value || !*value) co_return http::error_response(http::status::service_unavailable, "no value");
  }
  co_return http::response{}.body(**found.front(), "text/plain");
}

int main(int argc, char** argv) {
  const auto settings = std::make_shared<redis::client_settings>();
  service::definition definition;
  definition.name = "database-service";
  definition.metric_prefix = "database_service";
  definition.description = "GET /api/users/{id} (PostgreSQL), GET /api/value and /api/values (Redis)";
  definition.port = 5099;
  definition.add_options = [settings](config::options& options) {
    options.add(settings->port, {"--redis-port", "REDIS_PORT", "Port of Redis"}, config::remote_port(), "6379");
  };
  definition.app = [settings](service::service_context& context, service::api_key_authenticator&) {
    const auto loops = context.loops().size();
    auto server = postgres::libpq_database::make("", context.network(), context.blocking).value();
    auto users = std::make_shared<postgres::pool>(server, loops, context.metrics, context.log);
    auto values = std::make_shared<redis::client>(context.network(), loops, context.metrics, context.log, *settings);
    context.on_stop(users->close());
    context.on_stop(values->close());
    http::router routes;
    routes.get("/api/users/{id:int}", [users](http::request_context& request) { return find_user(users, request); });
    routes.get("/api/value", [values](http::request_context& request) { return read_value(values, request); });
    routes.get("/api/values", [values](http::request_context& request) { return read_values(values, request); });
    return routes;
  };
  return service::run(argc, argv, std::move(definition));
}
