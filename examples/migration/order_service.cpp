// SPDX-License-Identifier: BSL-1.0
#include <memory>
#include <string>

#include <boost/url/url.hpp>

#include <cohort/http/message/json_response.hpp>
#include <cohort/http/server/input/input.hpp>
#include <cohort/json/decode.hpp>
#include <cohort/service/service.hpp>

using namespace cohort;
using namespace std::chrono_literals;

struct price {
  std::string currency;
  double amount = 0;
};
BOOST_DESCRIBE_STRUCT(price, (), (currency, amount))

struct order {
  std::int64_t id = 0;
  price total;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, total))

// GET /orders/{id}: calls the price service.
static task<http::response> show_order(std::shared_ptr<http::upstream> prices, http::request_context& request) {
  http::input in{request};
  const auto id = in.path<std::int64_t>("id", {.min = 1});
  if (!in) co_return in.error_response();

  http::client_request call;
  call.url.set_scheme("http").set_host("127.0.0.1").set_port_number(5020).set_path("/prices/" + std::to_string(id));
  const auto result = co_await prices->call(std::move(call), request);
  if (!result.response) co_return http::error_response(http::status::bad_gateway, "The price service is unavailable");
  auto total = json::decode<price>(result.response->body);
  if (!total) co_return http::error_response(http::status::bad_gateway, "The price service returned an invalid price");

  const order found{id, std::move(*total)};
  co_return http::json_response(found);
}

int main(int argc, char** argv) {
  service::definition definition;
  definition.name = "order-service";
  definition.metric_prefix = "order_service";
  definition.description = "Orders: GET /orders/{id}";
  definition.port = 5019;
  definition.app = [](service::service_context& context, service::api_key_authenticator&) {
    auto prices = std::make_shared<http::upstream>(context.make_upstream("prices", {.timeout = 500ms}));
    http::router routes;
    routes.get("/orders/{id}", [prices](http::request_context& request) { return show_order(prices, request); });
    return routes;
  };
  return service::run(argc, argv, std::move(definition));
}
