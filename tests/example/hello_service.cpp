#include <boost/url/parse.hpp>

#include "core/json/writer.hpp"
#include "core/service/service.hpp"

using namespace cohort;

// Waits for another server, and never longer than its own caller does.
static task<http::response> greet(const service::kit& with, http::request_context& context) {
  http::client_request question;
  question.url = boost::urls::parse_uri("http://127.0.0.1:5001/api/time").value();
  const auto time = co_await with.client.call(std::move(question), context.until());
  if (!time) co_return http::error_response(http::status::bad_gateway, "The time service did not answer");

  std::string body;
  json::writer{body}.open_object().field("hello", context.parameter("name")).key("time").raw(time->body).close_object();
  co_return http::json_response(std::move(body));
}

int main(int argc, char** argv) {
  service::definition hello;
  hello.name = "hello-service";
  hello.metric_prefix = "hello_service";
  hello.about = "Greets: GET /api/hello/{name}";
  hello.port = 5010;
  hello.app = [](service::kit& with, service::key_guard&) {
    http::router routes;
    routes.get("/api/hello/{name}", [with](http::request_context& context) { return greet(with, context); });
    return routes;
  };
  return service::run(argc, argv, std::move(hello));
}
