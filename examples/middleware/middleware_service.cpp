// SPDX-License-Identifier: BSL-1.0

#include <atomic>
#include <memory>
#include <string>

#include <cohort/http/message/request/unique_field.hpp>
#include <cohort/http/middleware/cors.hpp>
#include <cohort/http/middleware/request_id.hpp>
#include <cohort/service/service.hpp>

using namespace cohort;

struct user {
  std::string name;
};

// A filter: authenticates, and stores the user for the handler.
static std::optional<http::response> authenticate(http::request_context& context) {
  const auto name = http::find_unique(context.head(), "x-user");  // empty if the field is repeated
  if (!name) return http::error_response(http::status::unauthorized, "X-User must occur once");
  context.set(user{std::string{*name}});
  return std::nullopt;
}

// A middleware: adds a field to every response, including errors.
static task<http::response> add_version(http::request_context& context, http::next next) {
  auto response = co_await next(context);
  response.set("X-Api-Version", "1");
  co_return response;
}

// All clients can add a visit; a reset of the count requires an API key.
static void add_visits(http::router& router, const service::api_key_authenticator& keys) {
  const auto visits = std::make_shared<std::atomic<int>>();
  router.get("/visits", [visits](http::request_context&) {
    return http::response{}.body(std::to_string(++*visits), "text/plain");
  });
  router
      .del("/visits",
           [visits](http::request_context&) {
             *visits = 0;
             return http::response{http::status::no_content};
           })
      .use(service::require_api_key(keys));
}

static http::router routes(const service::api_key_authenticator& keys) {
  http::router router;
  http::cors_settings cors;
  cors.origins = {"https://shop.example"};
  router.use(http::cors(cors));
  router.use(http::request_id());
  auto api = router.group("/api");
  api.use(add_version).use(authenticate);
  api.get("/me", [](http::request_context& context) {
    return http::response{}.body(context.require<user>().name, "text/plain");
  });
  add_visits(router, keys);
  return router;
}

int main(int argc, char** argv) {
  service::definition definition;
  definition.name = "middleware-service";
  definition.metric_prefix = "middleware_service";
  definition.description = "Shows middleware: GET /api/me, /visits";
  definition.port = 5012;
  definition.app = [](service::service_context&, service::api_key_authenticator& keys) { return routes(keys); };
  return service::run(argc, argv, std::move(definition));
}
