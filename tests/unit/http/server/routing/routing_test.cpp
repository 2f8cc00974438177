// SPDX-License-Identifier: BSL-1.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cohort/http/server/router.hpp>

namespace cohort::http {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

response no_content(request_context&) { return response{}; }

/// Returns the matched pattern and the parameters, such as `/a/{x} x=1`, or "none" without a route.
std::string match(const router& routes, std::string_view path) {
  request_head head;
  head.method = method::get;
  head.path = path;
  request_context context{head, "192.0.2.1"};
  const auto* matched_route = routes.match(context);
  if (!matched_route) return "none";
  auto text = matched_route->pattern;
  for (const auto& name : matched_route->path_pattern().parameter_names()) {
    text += " " + name + "=" + std::string{context.parameter(name)};
  }
  return text;
}

/// Returns the message of the `std::logic_error` that `action` throws.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "no exception";
}

TEST_CASE("routing: a typed parameter matches only values of its type", "[http][routing]") {
  router routes;
  routes.get("/int/{value:int}", no_content);
  routes.get("/uint/{value:uint}", no_content);
  routes.get("/uuid/{value:uuid}", no_content);
  const auto matches = [&](const std::string& path) { return match(routes, path) != "none"; };
  for (const auto* value : {"0", "-7", "9223372036854775807", "%31"}) {
    CAPTURE(value);
    CHECK(matches(std::string{"/int/"} + value));
  }
  for (const auto* value : {"", "x", "1x", "+1", "1.0", "9223372036854775808", "%zz", "1/"}) {
    CAPTURE(value);
    CHECK_FALSE(matches(std::string{"/int/"} + value));
  }
  CHECK(matches("/uint/18446744073709551615"));
  CHECK_FALSE(matches("/uint/-1"));
  CHECK(matches("/uuid/f81d4fae-7dec-11d0-A765-00a0c91e6bf6"));
  CHECK_FALSE(matches("/uuid/f81d4fae-7dec-11d0-a765-00a0c91e6bfg"));
  CHECK_FALSE(matches("/uuid/f81d4fae07dec-11d0-a765-00a0c91e6bf6"));
  CHECK_FALSE(matches("/uuid/f81d4fae-7dec-11d0-a765-00a0c91e6bf"));
}

TEST_CASE("routing: patterns are compared segment by segment from the left, and the most specific segment is selected",
          "[http][routing]") {
  router routes;
  for (const auto* pattern : {"/a/{rest...}", "/a/{x}", "/a/{n:int}", "/a/{u:uint}", "/a/b", "/a/b/{y}/end",
                              "/a/{x}/c/d", "/{first}/b/c/d"}) {
    routes.get(pattern, no_content);
  }
  CHECK(match(routes, "/a/b") == "/a/b");
  CHECK(match(routes, "/a/7") == "/a/{u:uint} u=7");
  CHECK(match(routes, "/a/-7") == "/a/{n:int} n=-7");
  CHECK(match(routes, "/a/seven") == "/a/{x} x=seven");
  CHECK(match(routes, "/a/") == "/a/{rest...} rest=");
  CHECK(match(routes, "/a/p%2Fq/r%20s/") == "/a/{rest...} rest=p/q/r s/");
  // The first match of a segment has no match for the rest of the path.
  CHECK(match(routes, "/a/b/c/d") == "/a/{x}/c/d x=b");
  CHECK(match(routes, "/a/b/x/y") == "/a/{rest...} rest=b/x/y");
  CHECK(match(routes, "/z/b/c/d") == "/{first}/b/c/d first=z");
  CHECK(match(routes, "/z") == "none");
}

TEST_CASE("routing: an encoded slash does not separate segments", "[http][routing]") {
  router routes;
  routes.get("/a/b", no_content);
  CHECK(match(routes, "/%61/b") == "/a/b");
  CHECK(match(routes, "/a%2Fb") == "none");
}

TEST_CASE("routing: the error of an invalid pattern has the pattern and its source location",
          "[http][routing][case-6.5]") {
  router routes;
  const auto error = [&](const char* pattern) { return error_of([&] { routes.get(pattern, no_content); }); };
  CHECK_THAT(error("things"), ContainsSubstring("routing_test.cpp:") &&
                                  ContainsSubstring("route pattern \"things\" must start with '/'"));
  CHECK_THAT(error(""), ContainsSubstring("must start with '/'"));
  CHECK_THAT(error("/v/{id}.json"), ContainsSubstring("a parameter must be an entire path segment"));
  CHECK_THAT(error("/v/{id"), ContainsSubstring("entire path segment"));
  CHECK_THAT(error("/v/{}"), ContainsSubstring("the name of {} must consist of letters, digits and '_'"));
  CHECK_THAT(error("/v/{a b}"), ContainsSubstring("the name of {a b}"));
  CHECK_THAT(error("/v/{id:float}"), ContainsSubstring("the type of {id:float} must be int, uint or uuid"));
  CHECK_THAT(error("/v/{rest...}/x"), ContainsSubstring("{rest...} must be the last segment"));
  CHECK_THAT(error("/v/*"), ContainsSubstring("use {name...} for the rest of the path"));
  CHECK_THAT(error("//v"), ContainsSubstring("has an empty segment"));
  CHECK_THAT(error("/{a}/{a}"), ContainsSubstring("two parameters named {a}"));
  for (const auto* pattern : {"/a?b={c}", "/a#b", "/a%20b", "/%61", "/a\nb", "/a\x7F"}) {
    CHECK_THAT(error(pattern), ContainsSubstring("must not have a query, a fragment, percent-encoding or control"));
  }
  CHECK_THAT(error("/a/../b"), ContainsSubstring("has a dot segment"));
  CHECK_THAT(error("/."), ContainsSubstring("has a dot segment"));
  CHECK(routes.routes().empty());
}

TEST_CASE("routing: the error of a conflict has both routes with their source locations", "[http][routing][case-6.5]") {
  router routes;
  routes.get("/a/{x}", no_content);
  const auto line = std::to_string(__LINE__ - 1);
  const auto duplicate = error_of([&] { routes.get("/a/{x}", no_content); });
  CHECK_THAT(duplicate, StartsWith("duplicate route: GET /a/{x} (routing_test.cpp:" + line + ") and GET /a/{x} ("));
  const auto conflict_error = error_of([&] { routes.post("/a/{y}", no_content); });
  CHECK_THAT(conflict_error,
             StartsWith("conflicting routes: GET /a/{x} (routing_test.cpp:" + line + ") and POST /a/{y} ("));
  CHECK_THAT(error_of([&] { routes.group("/a").get("/{z}", no_content); }), StartsWith("conflicting routes"));
  CHECK(error_of([&] { routes.put("/a/{x}", no_content); }) == "no exception");
  CHECK(error_of([&] { routes.get("/a/{x:int}", no_content); }) == "no exception");
  CHECK(error_of([&] { routes.get("/a/{x...}", no_content); }) == "no exception");
}

TEST_CASE("routing: groups add their prefix, and can be nested", "[http][routing]") {
  router routes;
  auto api = routes.group("/api");
  api.get("/things", no_content);
  auto moved_router = std::move(routes);
  api.group("/v1").get("/things/{id}", no_content);
  CHECK(match(moved_router, "/api/things") == "/api/things");
  CHECK(match(moved_router, "/api/v1/things/7") == "/api/v1/things/{id} id=7");
  for (const auto* prefix : {"api", "/api/", "/", "/{rest...}"}) {
    CAPTURE(prefix);
    CHECK(error_of([&] { moved_router.group(prefix); }) != "no exception");
  }
}

TEST_CASE("routing: a mounted router keeps its routes, groups and middleware", "[http][routing]") {
  const auto pass = [](request_context&) -> std::optional<response> { return std::nullopt; };
  router inner;
  inner.use(pass);
  inner.get("/list", no_content);
  inner.group("/deep").use(pass).get("/item/{id}", no_content).use(pass);
  router outer_router;
  outer_router.use(pass);
  outer_router.mount("/shop", std::move(inner));
  CHECK(match(outer_router, "/shop/list") == "/shop/list");
  CHECK(match(outer_router, "/shop/deep/item/7") == "/shop/deep/item/{id} id=7");
  CHECK(match(outer_router, "/list") == "none");
  CHECK(outer_router.routes()[0]->operations()[0]->steps().steps().size() == 2);
  CHECK(outer_router.routes()[1]->operations()[0]->steps().steps().size() == 4);
}

TEST_CASE("routing: `any` handles the methods without a separate handler", "[http][routing]") {
  router routes;
  routes.get("/a", no_content);
  routes.any("/a", no_content);
  const auto& matched_route = *routes.routes().front();
  CHECK(matched_route.find_operation(method::get)->verb() == method::get);
  CHECK(matched_route.find_operation(method::post)->method_name() == "ANY");
  CHECK(matched_route.find_operation(method::propfind)->method_name() == "ANY");
  CHECK_FALSE(matched_route.find_operation(method::trace));
  CHECK_FALSE(matched_route.find_operation(method::connect));
  CHECK(method_not_allowed_response(matched_route).find("Allow") == "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
  CHECK(error_of([&] { routes.any("/a", no_content); }) != "no exception");
}

TEST_CASE("routing: the properties of an operation can be set in a method chain", "[http][routing]") {
  router routes;
  auto& added = routes.patch("/a", no_content)
                    .timeout(std::chrono::minutes{5})
                    .body_limit(100)
                    .summary("Changes a")
                    .description("Long text")
                    .tags({"a", "b"})
                    .exempt_from_faults()
                    .exempt_from_rate_limit()
                    .adapts_to_deadline();
  const auto& settings = added.settings();
  CHECK(added.verb() == method::patch);
  CHECK(settings.timeout == std::chrono::minutes{5});
  CHECK(settings.body_limit == 100);
  CHECK(settings.summary == "Changes a");
  CHECK(settings.description == "Long text");
  CHECK(settings.tags == std::vector<std::string>{"a", "b"});
  CHECK(settings.is_exempt_from_faults);
  CHECK(settings.is_exempt_from_rate_limit);
  CHECK(settings.adapts_to_deadline);
  CHECK_FALSE(settings.is_probe);
}

}  // namespace
}  // namespace cohort::http
