// SPDX-License-Identifier: BSL-1.0
#include "examples/outbox/orders.hpp"

#include <string>

#include <cohort/http/server/input/typed_handler.hpp>
#include <cohort/postgres/pool.hpp>
#include <cohort/redis/client.hpp>

using namespace cohort;
using http::status;

namespace orders {
namespace {

struct stores {
  postgres::pool database;
  redis::client announcements;
};

struct order_request {
  http::from_query<std::string> item;
};
BOOST_DESCRIBE_STRUCT(order_request, (), (item))
constexpr auto constraints(json::type<order_request>) {
  return json::constrain(json::member(&order_request::item, {.min_length = 1, .max_length = 200}));
}

http::response to_error_response(const postgres::error& failure) {
  const bool is_late = failure.code == postgres::errc::timeout;
  return http::error_response(is_late ? status::gateway_timeout : status::service_unavailable,
                              "The database is unavailable");
}

task<> create_tables(std::shared_ptr<stores> store_clients) {
  const call_context context{.deadline = deadline::after(loop::current().now(), std::chrono::seconds{10})};
  for (const std::string text :
       {"create table if not exists orders (id bigserial primary key, item text not null)",
        "create table if not exists outbox (id bigserial primary key, message text not null)"}) {
    auto create_task = store_clients->database.query(context, text);
    const auto created = co_await std::move(create_task);
    if (!created) throw service::start_error{"cannot create the tables: " + postgres::log_text(created.error())};
  }
}

/// The order and its announcement are stored in one transaction, so that no order lacks its announcement.
task<http::response> place_order(std::shared_ptr<stores> store_clients, http::request_context& request,
                                 order_request order) {
  auto transaction = co_await store_clients->database.begin(request);
  if (!transaction) co_return to_error_response(transaction.error());
  auto insert_task = transaction->query("insert into orders (item) values ($1) returning id", *order.item);
  const auto insert_result = co_await std::move(insert_task);
  if (!insert_result) co_return to_error_response(insert_result.error());
  const auto id = (*insert_result)[0].get<std::string>("id").value();
  auto announce_task =
      transaction->query("insert into outbox (message) values ($1)", "order " + id + ": " + *order.item);
  const auto announce_result = co_await std::move(announce_task);
  if (!announce_result) co_return to_error_response(announce_result.error());
  const auto commit_result = co_await transaction->commit();
  if (!commit_result) co_return to_error_response(commit_result.error());
  co_return http::response{status::created}.body(id, "text/plain");
}

/// Publishes the messages of the outbox in Redis, in order, and deletes them. If Redis or the database fails, the
/// messages stay in the outbox, and the next run publishes them (at least once). Skips rows that another instance is
/// publishing.
task<> publish_outbox(std::shared_ptr<stores> store_clients, call_context context) {
  auto transaction = co_await store_clients->database.begin(context);
  if (!transaction) throw std::runtime_error{"no transaction: " + postgres::log_text(transaction.error())};
  auto query_task = transaction->query("select id, message from outbox order by id limit 100 for update skip locked");
  const auto found = co_await std::move(query_task);
  if (!found) throw std::runtime_error{"cannot read the outbox: " + postgres::log_text(found.error())};
  for (const auto row : *found) {
    auto publish_task =
        store_clients->announcements.publish(context, "orders", row.get<std::string>("message").value());
    const auto publish_result = co_await std::move(publish_task);
    if (!publish_result) throw std::runtime_error{"cannot publish: " + redis::log_text(publish_result.error())};
    auto remove_task = transaction->query("delete from outbox where id = $1", row.get<std::int64_t>("id").value());
    const auto remove_result = co_await std::move(remove_task);
    if (!remove_result)
      throw std::runtime_error{"cannot remove a message: " + postgres::log_text(remove_result.error())};
  }
  const auto commit_result = co_await transaction->commit();
  if (!commit_result) throw std::runtime_error{"cannot commit: " + postgres::log_text(commit_result.error())};
}

http::router routes(service::service_context& context, const database_factory& connect,
                    const redis::client_settings& redis) {
  const auto loops = context.loops().size();
  const std::shared_ptr<stores> store_clients{
      new stores{postgres::pool{connect(context), loops, context.metrics, context.log},
                 redis::client{context.network(), loops, context.metrics, context.log, redis}}};
  context.on_start(create_tables(store_clients));
  context.every("publish orders", std::chrono::seconds{1},
                [store_clients](const call_context& call) { return publish_outbox(store_clients, call); },
                {.timeout = std::chrono::seconds{10}});
  context.on_stop(store_clients->database.close());
  context.on_stop(store_clients->announcements.close());
  http::router router;
  router.post("/api/orders", http::typed(place_order, store_clients))
      .summary("Places an order for an item")
      .returns(status::created, "The ID of the order", {.media_type = "text/plain"});
  return router;
}

}  // namespace

service::definition outbox_service(database_factory connect) {
  const auto redis = std::make_shared<redis::client_settings>();
  service::definition definition;
  definition.name = "outbox-service";
  definition.metric_prefix = "outbox_service";
  definition.description = "Stores orders in PostgreSQL and announces them in Redis: POST /api/orders?item=NAME";
  definition.port = 5025;
  definition.add_options = [redis](config::options& options) {
    options.add(redis->host, {"--redis-host", "REDIS_HOST", "Host of Redis"}, config::text(), redis->host);
    options.add(redis->port, {"--redis-port", "REDIS_PORT", "Port of Redis"}, config::remote_port(), "6379");
    options.add_secret(redis->password, {"--redis-password", "REDIS_PASSWORD", "Password of Redis"});
  };
  definition.app = [redis, connect](service::service_context& context, service::api_key_authenticator&) {
    return routes(context, connect, *redis);
  };
  return definition;
}

}  // namespace orders
