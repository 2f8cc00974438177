#include <boost/url/parse.hpp>

#include "core/json/writer.hpp"
#include "core/service/service.hpp"

using namespace cohort;

// Asks another server: within what the caller has left, again if that helps, not at all while that server is ill.
static task<http::response> greet(std::shared_ptr<http::upstream> clock, http::request_context& context) {
  http::client_request question;
  question.url = boost::urls::parse_uri("http://127.0.0.1:5001/api/time").value();
  const auto time = (co_await clock->call(std::move(question), context.as_caller())).outcome;
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
    auto clock = std::make_shared<http::upstream>(with.upstream("clock"));
    routes.get("/api/hello/{name}", [clock](http::request_context& context) { return greet(clock, context); });
    return routes;
  };
  return service::run(argc, argv, std::move(hello));
}
