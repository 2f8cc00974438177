// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/input/typed_handler.hpp>

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/http/server/input/order_types.hpp"
#include "tests/unit/http/server/server_fixture.hpp"

namespace cohort::test {
namespace {

using namespace std::chrono_literals;
namespace shop = input_types;

struct list_orders {
  http::from_path<std::int64_t> customer;
  http::from_query<int> limit;
  http::from_query<std::vector<std::string>> tag;
  http::from_header<std::optional<std::string>> if_none_match;
  http::from_cookie<std::optional<std::string>> session;
};
BOOST_DESCRIBE_STRUCT(list_orders, (), (customer, limit, tag, if_none_match, session))
constexpr auto constraints(json::type<list_orders>) {
  return json::constrain(
      json::member(&list_orders::limit, {.min = 1, .max = 100, .fallback = 20, .description = "Page size"}),
      json::member(&list_orders::tag, {.max_items = 2}));
}

struct create_order {
  http::from_path<int> customer;
  http::from_body<shop::order> order;
};
BOOST_DESCRIBE_STRUCT(create_order, (), (customer, order))

struct order_count {
  std::int64_t customer = 0;
  std::size_t count = 0;
};
BOOST_DESCRIBE_STRUCT(order_count, (), (customer, count))

order_count list(const list_orders& request) {
  return {request.customer, static_cast<std::size_t>(request.limit) + request.tag->size()};
}

task<http::response> create(request_context& context, create_order request) {
  co_await sleep_for(1s);
  co_return http::json_response(
      order_count{context.head().method == http::method::post ? request.customer : -1, request.order->items.size()},
      http::status::created);
}

task<order_count> count_asynchronously(create_order request) {
  co_await sleep_for(1s);
  co_return order_count{request.customer, request.order->items.size()};
}

TEST_CASE("typed handler: a function takes the request struct, and its described result is JSON", "[http][input]") {
  server_fixture fixture;
  fixture.routes.get("/customers/{customer}/orders", http::typed<list_orders>(&list));
  CHECK(fixture.response_to(get("/customers/7/orders?tag=a&tag=b")).body == R"({"customer":7,"count":22})");
  const auto rejected_response = fixture.response_to(get("/customers/x/orders?limit=0"));
  CHECK(rejected_response.status == 400);
  CHECK(rejected_response.body ==
        R"x({"error":"Bad Request","message":"customer must be an integer (and 1 other error)",)x"
        R"("fields":[{"field":"customer","in":"path","reason":"must be an integer"},)"
        R"({"field":"limit","in":"query","reason":"must be an integer from 1 to 100"}]})");
}

TEST_CASE("typed handler: an asynchronous function is called only for a valid request", "[http][input]") {
  server_fixture fixture;
  fixture.routes.post("/customers/{customer}/orders", http::typed<create_order>(&create));
  constexpr auto type = "Content-Type: application/json\r\n";
  const auto created =
      fixture.response_to(post("/customers/7/orders", R"({"items":[{"name":"pen","quantity":1}]})", type));
  CHECK(created.status == 201);
  CHECK(created.body == R"({"customer":7,"count":1})");
  CHECK(fixture.response_to(post("/customers/7/orders", "{}", type)).body ==
        R"({"error":"Bad Request","message":"items is required","fields":[{"field":"items","in":"body",)"
        R"("reason":"is required"}]})");
}

TEST_CASE("typed handler: the described result of an asynchronous function is JSON", "[http][input]") {
  server_fixture fixture;
  fixture.routes.post("/customers/{customer}/orders", http::typed(count_asynchronously));
  constexpr auto type = "Content-Type: application/json\r\n";
  const auto counted =
      fixture.response_to(post("/customers/7/orders", R"({"items":[{"name":"pen","quantity":1}]})", type));
  CHECK(counted.status == 200);
  CHECK(counted.body == R"({"customer":7,"count":1})");
  CHECK(fixture.response_to(post("/customers/x/orders", "{}", type)).status == 400);
}

TEST_CASE("typed handler: the type of the input describes the parameters and the body", "[http][input]") {
  json::schema_definitions definitions{"#/components/schemas/"};
  const auto description = http::describe_request<list_orders>(definitions);
  REQUIRE(description.parameters.size() == 5);
  const auto& [name, in, required, text, schema] = description.parameters[1];
  CHECK(name == "limit");
  CHECK(in == "query");
  CHECK_FALSE(required);
  CHECK(text == "Page size");
  CHECK(schema == R"({"type":"integer","minimum":1,"maximum":100,"description":"Page size","default":20})");
  CHECK(description.parameters[0].required);
  CHECK_FALSE(description.parameters[2].required);
  CHECK(description.parameters[3].name == "if-none-match");
  CHECK(description.body_schema.empty());
  CHECK(http::describe_request<create_order>(definitions).body_schema == R"({"$ref":"#/components/schemas/order"})");
  CHECK(definitions.definitions().contains("item"));
}

task<http::response> count_items(std::shared_ptr<int> calls, std::string unit, request_context& context,
                                 http::from_body<shop::order> order) {
  ++*calls;
  co_return http::json_response(order_count{static_cast<std::int64_t>(unit.size()), order->items.size()},
                                context.head().method == http::method::post ? http::status::created : http::status::ok);
}

TEST_CASE("typed handler: a function receives its state before the context, and its last parameter is the input",
          "[http][input]") {
  server_fixture fixture;
  const auto calls = std::make_shared<int>(0);
  fixture.routes.post("/orders", http::typed(count_items, calls, "crate"));
  const std::string json = "Content-Type: application/json\r\n";
  const std::string valid_order = R"({"items":[{"name":"pen","quantity":1}]})";
  for (int i = 1; i <= 2; ++i) {
    const auto created_response = fixture.response_to(post("/orders", valid_order, json));
    CHECK(created_response.status == 201);
    CHECK(created_response.body == R"({"customer":5,"count":1})");
    CHECK(*calls == i);
  }
  const auto rejected_response = fixture.response_to(post("/orders", "{}", json));
  CHECK(rejected_response.status == 400);
  CHECK(rejected_response.body.find("\"in\":\"body\"") != std::string::npos);
  CHECK(*calls == 2);
}

TEST_CASE("typed handler: an input that consists of a body only is described without parameters", "[http][input]") {
  json::schema_definitions definitions;
  using handler = decltype(http::typed(count_items, std::make_shared<int>(0), "crate"));
  const auto description = http::describe_request<handler::request_type>(definitions);
  CHECK(description.parameters.empty());
  CHECK(description.body_schema == http::describe_request<create_order>(definitions).body_schema);
  CHECK_FALSE(description.body_schema.empty());
}

}  // namespace
}  // namespace cohort::test
