// SPDX-License-Identifier: BSL-1.0

#include <boost/url/parse.hpp>

#include <cohort/json/writer.hpp>
#include <cohort/service/service.hpp>

using namespace cohort;

// Calls another service, with the caller's deadline, retries and a circuit breaker.
static task<http::response> greet(std::shared_ptr<http::upstream> clock, http::request_context& context) {
  http::client_request request;
  request.url = boost::urls::parse_uri("http://127.0.0.1:5001/api/time").value();
  const auto time = (co_await clock->call(std::move(request), context)).response;
  if (!time) co_return http::error_response(http::status::bad_gateway, "The time service is unavailable");

  std::string body;
  json::writer{body}.open_object().field("hello", context.parameter("name")).key("time").raw(time->body).close_object();
  co_return http::json_response(std::move(body));
}

int main(int argc, char** argv) {
  service::definition hello;
  hello.name = "hello-service";
  hello.metric_prefix = "hello_service";
  hello.description = "Greeting service: GET /api/hello/{name}";
  hello.version = "1.0.0";
  hello.port = 5010;
  hello.app = [](service::service_context& context, service::api_key_authenticator&) {
    http::router routes;
    auto clock = std::make_shared<http::upstream>(context.make_upstream("clock"));
    routes.get("/api/hello/{name}", [clock](http::request_context& request) { return greet(clock, request); });
    return routes;
  };
  return service::run(argc, argv, std::move(hello));
}
