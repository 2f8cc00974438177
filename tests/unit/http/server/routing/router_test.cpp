// SPDX-License-Identifier: BSL-1.0
#include <cohort/http/server/router.hpp>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <memory>
#include <stdexcept>

namespace cohort::http {
namespace {

response empty_response(request_context&) { return response{}; }

router make_router() {
  router routes;
  routes.get("/", empty_response);
  routes.get("/{path...}", empty_response);
  routes.get("/things/{id}", empty_response);
  routes.get("/things/special", empty_response);
  routes.get("/things/{id}/parts/{part}", empty_response);
  routes.get("/assets/{path...}", empty_response);
  routes.get("/a b", empty_response);
  return routes;
}

/// Returns the pattern of the route that matches, or "none" if no route matches.
std::string matched_pattern(const router& routes, std::string_view path) {
  request_head head;
  head.path = path;
  request_context context{head, "192.0.2.1"};
  const auto* matched_route = routes.match(context);
  CHECK(context.matched_route() == matched_route);
  return matched_route ? matched_route->pattern : "none";
}

TEST_CASE(
    "router: literals precede parameters, and parameters precede {rest...}, regardless of the order of registration",
    "[http][server]") {
  struct row {
    std::string_view path;
    std::string pattern;
  };
  const auto expected = GENERATE(values<row>({{"/", "/"},
                                              {"/things/special", "/things/special"},
                                              {"/things/speci%61l", "/things/special"},
                                              {"/things/7", "/things/{id}"},
                                              {"/things/a%2Fb%20c", "/things/{id}"},
                                              {"/thing%73/7", "/things/{id}"},
                                              {"/things/7/parts/x", "/things/{id}/parts/{part}"},
                                              {"/a%20b", "/a b"},
                                              {"/things/", "/{path...}"},
                                              {"/things/7/", "/{path...}"},
                                              {"/things/7/parts", "/{path...}"},
                                              {"/things", "/{path...}"},
                                              {"/THINGS/7", "/{path...}"}}));
  CAPTURE(expected.path);
  CHECK(matched_pattern(make_router(), expected.path) == expected.pattern);
}

TEST_CASE("router: path parameters are the decoded segments", "[http][server]") {
  const auto routes = make_router();
  request_head head;
  request_context context{head, "192.0.2.1"};
  head.path = "/things/a%2Fb%20c/parts/x";
  REQUIRE(routes.match(context));
  CHECK(context.parameter("id") == "a/b c");
  CHECK(context.parameter("part") == "x");
  head.path = "/things/7";
  REQUIRE(routes.match(context));
  CHECK(context.parameter("id") == "7");
}

TEST_CASE("router: reading a path parameter that the route does not have throws an exception",
          "[http][server][case-6.6]") {
  const auto routes = make_router();
  request_head head;
  request_context context{head, "192.0.2.1"};
  const auto message_of = [&](std::string_view path, std::string_view name) -> std::string {
    head.path = path;
    routes.match(context);
    try {
      context.parameter(name);
    } catch (const std::logic_error& error) {
      return error.what();
    }
    return "no exception";
  };
  CHECK(message_of("/things/7", "typo") == "route /things/{id} has no path parameter {typo}");
  CHECK(message_of("/things/7", "part") == "route /things/{id} has no path parameter {part}");
  CHECK(message_of("/things/7", "") == "route /things/{id} has no path parameter {}");
  CHECK(message_of("/things/special", "id") == "route /things/special has no path parameter {id}");
  CHECK(message_of("*", "id") == "request without a route has no path parameter {id}");
}

TEST_CASE("router: an unknown path and the target * match no route", "[http][server]") {
  router routes;
  routes.get("/a/{id}", empty_response);
  routes.get("/assets/{path...}", empty_response);
  CHECK(matched_pattern(routes, "/assets/app.js") == "/assets/{path...}");
  CHECK(matched_pattern(routes, "/assets/") == "/assets/{path...}");
  for (const auto* path : {"/", "/a", "/a/", "/a/b/c", "/assets", "/assetsx", "*"}) {
    CAPTURE(path);
    CHECK(matched_pattern(routes, path) == "none");
  }
}

TEST_CASE("router: a route has a handler for HEAD if it has a handler for GET, and lists both in Allow",
          "[http][server]") {
  router routes;
  routes.get("/a", empty_response);
  routes.post("/a", empty_response);
  routes.post("/b", empty_response);
  CHECK(routes.routes().size() == 2);
  const auto& combined_route = *routes.routes()[0];
  CHECK(combined_route.find_operation(method::get));
  CHECK(combined_route.find_operation(method::head));
  CHECK(combined_route.find_operation(method::post));
  CHECK_FALSE(combined_route.find_operation(method::put));
  CHECK(combined_route.allowed_methods() == std::vector{method::get, method::head, method::post});
  const auto& post_route = *routes.routes()[1];
  CHECK_FALSE(post_route.find_operation(method::get));
  CHECK_FALSE(post_route.find_operation(method::head));
  CHECK(post_route.allowed_methods() == std::vector{method::post});
}

TEST_CASE("router: a route for any method also lists the methods that have a separate handler", "[http][server]") {
  const bool is_any_first = GENERATE(true, false);
  router routes;
  if (is_any_first) routes.any("/a", empty_response);
  routes.add(method::trace, "/a", empty_response);
  routes.get("/a", empty_response);
  if (!is_any_first) routes.any("/a", empty_response);
  const auto& matched_route = *routes.routes().front();
  CHECK(matched_route.find_operation(method::trace)->verb() == method::trace);
  CHECK(matched_route.find_operation(method::connect) == nullptr);
  auto allowed = matched_route.allowed_methods();
  std::ranges::sort(allowed);
  CHECK(allowed == std::vector{method::delete_, method::get, method::head, method::post, method::put, method::options,
                               method::trace, method::patch});
  CHECK(server_options_response(routes).find("Allow")->find("TRACE") != std::string_view::npos);
}

TEST_CASE("router: a handler may be any copyable callable that returns a response or a task of a response",
          "[http][server]") {
  const auto synchronous_handler = [](request_context&) { return response{}; };
  const auto asynchronous_handler = [](request_context&) -> task<response> { co_return response{}; };
  const auto wrong_result = [](request_context&) { return 7; };
  const auto wrong_argument = [](int) { return response{}; };
  const auto move_only_handler = [owned = std::make_unique<int>()](request_context&) { return response{}; };
  STATIC_CHECK(handler_callable<decltype(synchronous_handler)>);
  STATIC_CHECK(handler_callable<decltype(asynchronous_handler)>);
  STATIC_CHECK(handler_callable<sync_handler>);
  STATIC_CHECK(handler_callable<async_handler>);
  STATIC_CHECK(handler_callable<handler>);
  STATIC_CHECK(handler_callable<response (*)(request_context&)>);
  STATIC_CHECK_FALSE(handler_callable<decltype(wrong_result)>);
  STATIC_CHECK_FALSE(handler_callable<decltype(wrong_argument)>);
  STATIC_CHECK_FALSE(handler_callable<decltype(move_only_handler)>);
  STATIC_CHECK_FALSE(handler_callable<int>);

  router routes;
  CHECK_FALSE(routes.get("/sync", synchronous_handler).is_async());
  CHECK(routes.get("/async", asynchronous_handler).is_async());
  CHECK(routes.add(method::put, "/variant", handler{async_handler{asynchronous_handler}}).is_async());
}

TEST_CASE("router: the error responses are 404, 405 with Allow, and 501", "[http][server]") {
  router routes;
  routes.get("/a", empty_response);
  const auto wrong_method = method_not_allowed_response(*routes.routes().front());
  CHECK(wrong_method.code() == status::method_not_allowed);
  CHECK(wrong_method.find("Allow") == "GET, HEAD");
  CHECK(not_found_response().code() == status::not_found);
  CHECK(not_implemented_response().code() == status::not_implemented);
}

TEST_CASE("router: the response to OPTIONS * lists the methods of all routes", "[http][server][case-1.12]") {
  router routes;
  CHECK(server_options_response(routes).find("Allow") == "OPTIONS");
  routes.get("/a", empty_response);
  routes.post("/b", empty_response);
  routes.post("/c", empty_response);
  const auto options = server_options_response(routes);
  CHECK(options.code() == status::no_content);
  CHECK(options.find("Allow") == "OPTIONS, GET, HEAD, POST");
}

}  // namespace
}  // namespace cohort::http
