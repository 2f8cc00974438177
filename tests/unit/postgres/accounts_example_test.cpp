// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <cohort/postgres/pool.hpp>
#include <cohort/postgres/scripted_database.hpp>
#include <cohort/service/service.hpp>
#include <cohort/sim/fleet.hpp>

using namespace cohort;
using namespace std::chrono_literals;

static http::response failure_response(const postgres::error& failure) {
  // An error of the client: a JSON string can contain a NUL byte (\u0000), but PostgreSQL cannot store it.
  if (failure.code == postgres::errc::invalid_parameter)
    return http::error_response(http::status::bad_request, "A value contains a NUL byte");
  return http::error_response(http::status::service_unavailable, postgres::error_class(failure.code));
}

static task<http::response> balance(std::shared_ptr<postgres::pool> accounts, http::request_context& request) {
  auto query_task =
      accounts->query(request, "select balance from accounts where name = $1", std::string{request.parameter("name")});
  const auto found = co_await std::move(query_task);
  if (!found) co_return failure_response(found.error());
  if (found->empty()) co_return http::error_response(http::status::not_found, "no such account");
  const auto amount = (*found)[0].get<std::int64_t>("balance");
  if (!amount) co_return failure_response(amount.error());
  co_return http::response{}.body(std::to_string(*amount), "text/plain");
}

static task<http::response> withdraw(std::shared_ptr<postgres::pool> accounts, http::request_context& request) {
  auto transaction = co_await accounts->begin(request);
  if (!transaction) co_return failure_response(transaction.error());
  auto update_task = transaction->query("update accounts set balance = balance - 1 where name = $1",
                                        std::string{request.parameter("name")});
  const auto changed = co_await std::move(update_task);
  if (!changed) co_return failure_response(changed.error());  // rolls back
  if (changed->affected_rows() == 0) co_return http::error_response(http::status::not_found, "no such account");
  const auto committed = co_await transaction->commit();
  if (!committed) co_return failure_response(committed.error());
  co_return http::response{http::status::no_content};
}

/// `database` is a PostgreSQL server in `main`, and a scripted database in tests.
static service::definition accounts_service(std::shared_ptr<postgres::database> database) {
  service::definition definition;
  definition.name = "accounts";
  definition.metric_prefix = "accounts";
  definition.port = 8080;
  definition.app = [database](service::service_context& context, service::api_key_authenticator&) {
    auto accounts = std::make_shared<postgres::pool>(database, context.loops().size(), context.metrics, context.log);
    context.on_stop(accounts->close());
    http::router routes;
    routes.get("/accounts/{name}", [accounts](http::request_context& request) { return balance(accounts, request); });
    routes.post("/accounts/{name}/withdrawals",
                [accounts](http::request_context& request) { return withdraw(accounts, request); });
    return routes;
  };
  return definition;
}

static postgres::scripted_reply reply(std::string_view text, std::span<const postgres::parameter> parameters) {
  const bool is_known = parameters[0].value() == "ada";
  if (text.starts_with("update")) return {.affected_rows = is_known ? 1U : 0U, .delay = 2ms};
  postgres::scripted_reply found{.columns = {{"balance", postgres::type::int8}}, .delay = 2ms};
  if (is_known) found.rows = {{"40"}};
  return found;
}

TEST_CASE("accounts: a string that PostgreSQL cannot store is rejected with 400", "[postgres][example]") {
  CHECK(failure_response({.code = postgres::errc::invalid_parameter}).code() == http::status::bad_request);
  CHECK(failure_response({.code = postgres::errc::overloaded}).code() == http::status::service_unavailable);
}

TEST_CASE("accounts: the service responds within its deadline, and recovers after a restart of the database",
          "[postgres][example]") {
  auto database = std::make_shared<postgres::scripted_database>(reply);
  sim::fleet fleet{1};
  auto& node = fleet.add_service([database] { return accounts_service(database); }, "accounts");
  CHECK(fleet.call(node.url() + "/accounts/ada")->body == "40");
  CHECK(fleet.call(node.url() + "/accounts/eve")->status == http::status::not_found);

  // The idle connections end with the server; the next request opens a new connection.
  database->drop_connections();
  CHECK(fleet.call(node.url() + "/accounts/ada")->body == "40");

  database->stop();
  const auto start = fleet.elapsed();
  CHECK(fleet.call(node.url() + "/accounts/ada")->body.find("connect") != std::string::npos);
  CHECK(fleet.elapsed() - start < 6s);
  database->start();
  CHECK(fleet.call(node.url() + "/accounts/ada")->body == "40");
  fleet.shutdown();
  CHECK(database->open_connections() == 0);
  CHECK(fleet.leaks() == sim::no_leaks);
}
