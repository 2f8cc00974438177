// SPDX-License-Identifier: BSL-1.0
// Tests the program of the outbox example with a PostgreSQL server and a simulated Redis server.
#include <cohort/redis/client.hpp>
#include <cohort/redis/simulated_server.hpp>
#include <cohort/runtime/concurrency/task_group.hpp>
#include <cohort/runtime/concurrency/wait_queue.hpp>
#include "tests/integration/postgres/libpq_fixture.hpp"
#include "tests/support/http/http_exchange.hpp"
#include "tests/unit/net/loopback.hpp"

namespace cohort::test {
namespace {

/// The program, connected to the shared server and to Redis at this port.
class outbox_program {
 public:
  explicit outbox_program(std::uint16_t redis_port)
      : process_(std::string{COHORT_PROGRAMS} + "/outbox-service",
                 {"--port", "0", "--log-format", "json", "--redis-port", std::to_string(redis_port)},
                 {{"PGHOST", "127.0.0.1"},
                  {"PGPORT", std::to_string(libpq_fixture::server().port())},
                  {"PGUSER", postgres_server::user},
                  {"PGPASSWORD", postgres_server::password},
                  {"PGDATABASE", "postgres"}}) {
    const auto line = process_.wait_for_line("\"msg\":\"listening\"");
    const std::string prefix = "http://127.0.0.1:";
    port_ = static_cast<std::uint16_t>(std::stoi(line.substr(line.find(prefix) + prefix.size())));
    while (get(port_, "/readyz").status != 200) std::this_thread::yield();  // the start hook creates the tables
  }

  /// Returns the status of the response to an order.
  int order(const std::string& query, const header_list& headers = {}) {
    return request(port_, "POST", "/api/orders" + query, headers).status;
  }

 private:
  child_process process_;
  std::uint16_t port_;
};

task<int> count(postgres::pool& pool, std::string table) {
  const auto counted = co_await pool.query(libpq_fixture::in(10s), "select count(*) from " + table);
  co_return counted.value()[0].get<int>(0).value();
}

/// Redis is first available, then unavailable. Then the database is restarted.
task<> place_orders(libpq_fixture& fixture) {
  auto listener = net::listen_tcp(loop::current(), loopback_endpoint()).value();
  const auto redis_port = listener->local_endpoint().port();
  redis::simulated_server server;
  task_group server_tasks{[](std::exception_ptr failure) { std::rethrow_exception(failure); }};
  server_tasks.spawn(server.run(std::move(listener)));
  redis::client_settings settings;
  settings.port = redis_port;
  telemetry::logger log{fixture.log.sink(), "test", telemetry::log_level::off, telemetry::log_format::json};
  redis::client subscriber{fixture.network, 1, fixture.metrics, log, settings};
  auto announced = co_await subscriber.subscribe(libpq_fixture::in(10s), "orders");
  outbox_program program{redis_port};

  CHECK(program.order("?item=lamp") == 201);
  CHECK(program.order("") == 400);
  const auto message = co_await announced->next(deadline::after(loop::current().now(), 10s));
  CHECK(message.value().payload == "order 1: lamp");
  // The message is removed after its publication.
  while (co_await count(fixture.pool, "outbox") != 0) co_await sleep_for(5ms);
  CHECK(co_await count(fixture.pool, "orders") == 1);

  co_await subscriber.close();
  server_tasks.cancel();
  co_await server_tasks.join();
  CHECK(program.order("?item=desk") == 201);
  CHECK(co_await count(fixture.pool, "outbox") == 1);

  libpq_fixture::server().stop();
  const auto status = program.order("?item=chair", {{"x-envoy-expected-rq-timeout-ms", "300"}});
  CHECK((status == 503 || status == 504));
  libpq_fixture::server().start();
  CHECK(program.order("?item=chair") == 201);
  CHECK(co_await count(fixture.pool, "orders") == 3);
  CHECK(co_await count(fixture.pool, "outbox") == 2);
}

TEST_CASE("outbox example: with a PostgreSQL server, each order is published or stays in the outbox",
          "[postgres][examples][threads]") {
  libpq_fixture fixture;
  fixture.run(place_orders(fixture));
}

}  // namespace
}  // namespace cohort::test
