// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>

#include "tests/integration/running_program.hpp"

namespace cohort::test {
namespace {

TEST_CASE("examples: the routing example serves its routes", "[integration][threads][examples]") {
  running_program program{"routing-service"};
  const auto body = [&](const std::string& path) { return get(program.port(), path).body; };
  CHECK(body("/api/items/") == "all items");
  CHECK(body("/api/items/-7") == "item -7");
  CHECK(body("/api/items/7/files/a/b.txt") == "file a/b.txt");
  CHECK(body("/api/reports/daily") == "report");
  CHECK(body("/echo") == "GET");
  CHECK(get(program.port(), "/api/items/seven").status == 404);
  CHECK(program.stop() == 0);
}

TEST_CASE("examples: the middleware example wraps its responses, including errors",
          "[integration][threads][examples]") {
  running_program program{"middleware-service"};
  const auto rejected = get(program.port(), "/api/me", {{"Origin", "https://shop.example"}});
  CHECK(rejected.status == 401);
  CHECK(rejected.header("X-Api-Version") == "1");
  CHECK(rejected.header("X-Request-Id").size() == 16);
  CHECK(rejected.header("Access-Control-Allow-Origin") == "https://shop.example");
  CHECK(get(program.port(), "/api/me", {{"X-User", "ann"}}).body == "ann");
  CHECK(get(program.port(), "/api/me", {{"X-User", "ann"}, {"X-User", "bob"}}).status == 401);
  CHECK(program.stop() == 0);
}

TEST_CASE("examples: the CRUD program serves books", "[integration][threads][examples]") {
  running_program books{"book-service"};
  const auto list = get(books.port(), "/api/books");
  CHECK(list.status == 200);
  CHECK(list.body == R"({"books":[],"total":0})");
  const auto rejected = get(books.port(), "/api/books?limit=101");
  CHECK(rejected.status == 400);
  CHECK(json_at(rejected.body, "/fields/0/reason") == "\"must be an integer from 1 to 100\"");
  CHECK(get(books.port(), "/health").status == 200);
  CHECK(books.stop() == 0);
}

TEST_CASE("examples: the order example reports invalid IDs and an unavailable upstream",
          "[integration][threads][examples]") {
  running_program orders{"order-service"};
  const auto invalid = get(orders.port(), "/orders/0");
  CHECK(invalid.status == 400);
  CHECK(json_at(invalid.body, "/fields/0/reason") == "\"must be an integer of at least 1\"");
  CHECK(get(orders.port(), "/orders/7").status == 502);  // nothing listens on the port of the price service
  CHECK(orders.stop() == 0);
}

}  // namespace
}  // namespace cohort::test
