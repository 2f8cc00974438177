// SPDX-License-Identifier: BSL-1.0
#include <boost/url/parse.hpp>
#include <catch2/catch_test_macros.hpp>
#include <map>

#include <cohort/http/client/fetch.hpp>
#include <cohort/postgres/scripted_database.hpp>
#include <cohort/redis/client.hpp>
#include <cohort/redis/simulated_server.hpp>
#include <cohort/sim/fleet.hpp>
#include "examples/outbox/orders.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;

/// The tables of the service. A transaction that is rolled back keeps its changes, so the tests roll back only
/// transactions without changes.
struct order_tables {
  postgres::scripted_reply reply(std::string_view text, std::span<const postgres::parameter> parameters) {
    if (text.starts_with("insert into orders")) {
      return {.columns = {{"id", postgres::type::int8}}, .rows = {{std::to_string(++last_order_id)}}, .delay = 1ms};
    }
    if (text.starts_with("insert into outbox")) outbox[++last_message_id] = parameters[0].value();
    if (text.starts_with("delete from outbox")) outbox.erase(std::stoi(parameters[0].value()));
    if (!text.starts_with("select")) return {.affected_rows = 1};
    postgres::scripted_reply found{.columns = {{"id", postgres::type::int8}, {"message", postgres::type::text}}};
    for (const auto& [id, message] : outbox) found.rows.push_back({std::to_string(id), message});
    return found;
  }

  std::map<int, std::string> outbox;
  int last_order_id = 0;
  int last_message_id = 0;
};

struct outbox_fleet : sim::fleet {
  outbox_fleet() : fleet(1) { start_redis(); }
  // Stops the fleet before the members are destroyed.
  ~outbox_fleet() { shutdown(0s); }

  void start_redis() { spawn(server.run(network().listen(redis_host, 6379))); }
  http::client_response order(const std::string& query) {
    http::client_request sent;
    sent.method = http::method::post;
    sent.url = boost::urls::parse_uri(service.url() + "/api/orders" + query).value();
    return run(http::fetch(client(), std::move(sent), deadline::after(event_loop().now(), 20s))).value();
  }

  order_tables tables;
  std::shared_ptr<postgres::scripted_database> database = std::make_shared<postgres::scripted_database>(
      [this](std::string_view text, std::span<const postgres::parameter> parameters) {
        return tables.reply(text, parameters);
      });
  redis::simulated_server server;
  sim::host& redis_host = network().add_host("redis");
  sim::node& service =
      add_service([this] { return orders::outbox_service([this](service::service_context&) { return database; }); },
                  "orders", {{"REDIS_HOST", "redis"}});
};

TEST_CASE("outbox example: an order is announced once, within a second", "[examples][postgres]") {
  outbox_fleet fleet;
  const auto placed_order = fleet.order("?item=lamp");
  CHECK(placed_order.status == http::status::created);
  CHECK(placed_order.body == "1");
  CHECK(fleet.tables.outbox.size() == 1);
  CHECK(fleet.tables.outbox[1] == "order 1: lamp");
  fleet.run_for(2s);
  CHECK(fleet.tables.outbox.empty());
  CHECK(fleet.order("").status == http::status::bad_request);
  CHECK(fleet.order("?item=lamp&item=desk").status == http::status::bad_request);
  fleet.shutdown();
  CHECK(fleet.leaks() == sim::no_leaks);
}

TEST_CASE("outbox example: orders are accepted while Redis is unavailable, and announced later",
          "[examples][postgres]") {
  outbox_fleet fleet;
  fleet.network().kill(fleet.redis_host);
  CHECK(fleet.order("?item=lamp").status == http::status::created);
  fleet.run_for(30s);
  CHECK(fleet.tables.outbox.size() == 1);
  fleet.network().restart(fleet.redis_host);
  fleet.start_redis();
  fleet.run_for(30s);
  CHECK(fleet.tables.outbox.empty());
}

TEST_CASE("outbox example: requests fail with 503 without a database connection, and the service recovers",
          "[examples][postgres]") {
  outbox_fleet fleet;
  fleet.database->stop();
  CHECK(fleet.order("?item=lamp").status == http::status::service_unavailable);
  fleet.database->start();
  fleet.run_for(10s);
  CHECK(fleet.order("?item=lamp").status == http::status::created);
}

}  // namespace
}  // namespace cohort::test
