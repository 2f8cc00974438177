// SPDX-License-Identifier: BSL-1.0
#include "greeting.hpp"

#include <memory>
#include <string>
#include <vector>

#include <cohort/http/message/json_response.hpp>
#include <cohort/http/server/input/input.hpp>

using namespace cohort;

struct greeting {
  std::vector<std::string> lines;
};
BOOST_DESCRIBE_STRUCT(greeting, (), (lines))

static http::response greet(http::request_context& request, const std::string& word) {
  http::input in{request};
  const auto name = in.path<std::string>("name", {.max_length = 40});
  const auto times = in.query<int>("times", {.min = 1, .max = 10, .fallback = 1});
  if (!in) return in.error_response();
  greeting result;
  result.lines.assign(static_cast<std::size_t>(times), word + ", " + name);
  return http::json_response(result);
}

service::definition greeting_service() {
  auto word = std::make_shared<std::string>("Hello");
  service::definition definition;
  definition.name = "greeting-service";
  definition.metric_prefix = "greeting_service";
  definition.description = "Greets: GET /api/greeting/{name}";
  definition.version = "1.0.0";
  definition.port = 8080;
  definition.add_options = [word](config::options& options) {
    options.add(*word, {"--word", "GREETING_WORD", "First word of each greeting"}, config::text(), *word);
  };
  definition.app = [word](service::service_context&, service::api_key_authenticator&) {
    http::router routes;
    routes.get("/api/greeting/{name}", [word](http::request_context& request) { return greet(request, *word); });
    return routes;
  };
  return definition;
}
