#include "core/http/router.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace cohort::http {
namespace {

response nothing(request_context&) { return response{}; }

router table() {
  router routes;
  routes.get("/", nothing);
  routes.get("/*", nothing);
  routes.get("/things/{id}", nothing);
  routes.get("/things/special", nothing);
  routes.get("/things/{id}/parts/{part}", nothing);
  routes.get("/assets/*", nothing);
  routes.get("/a b", nothing);
  return routes;
}

struct found {
  std::string pattern;
  std::vector<std::pair<std::string, std::string>> parameters;
};

found look_up(const router& routes, std::string_view path) {
  request_head head;
  head.path = path;
  request_context context{head, "192.0.2.1"};
  const auto* matched = routes.match(context);
  found what{matched ? matched->pattern : "none", {}};
  for (const auto& [name, value] : context.parameters) what.parameters.emplace_back(name, value);
  return what;
}

TEST_CASE("A literal path wins over a template, a template over a prefix, whatever came first") {
  struct row {
    std::string_view path;
    std::string pattern;
    std::vector<std::pair<std::string, std::string>> parameters;
  };
  const auto each =
      GENERATE(values<row>({{"/", "/", {}},
                            {"/things/special", "/things/special", {}},
                            {"/things/speci%61l", "/things/special", {}},
                            {"/things/7", "/things/{id}", {{"id", "7"}}},
                            {"/things/a%2Fb%20c", "/things/{id}", {{"id", "a/b c"}}},
                            {"/thing%73/7", "/things/{id}", {{"id", "7"}}},
                            {"/things/7/parts/x", "/things/{id}/parts/{part}", {{"id", "7"}, {"part", "x"}}},
                            {"/a%20b", "/a b", {}},
                            {"/things/", "/*", {}},
                            {"/things/7/", "/*", {}},
                            {"/things/7/parts", "/*", {}},
                            {"/things", "/*", {}},
                            {"/THINGS/7", "/*", {}}}));
  CAPTURE(each.path);
  const auto got = look_up(table(), each.path);
  CHECK(got.pattern == each.pattern);
  CHECK(got.parameters == each.parameters);
}

TEST_CASE("A path that no route has is none, and neither is the asterisk") {
  router routes;
  routes.get("/a/{id}", nothing);
  routes.get("/assets/*", nothing);
  CHECK(look_up(routes, "/assets/app.js").pattern == "/assets/*");
  CHECK(look_up(routes, "/assets/").pattern == "/assets/*");
  for (const auto* path : {"/", "/a", "/a/", "/a/b/c", "/assets", "/assetsx", "*"}) {
    CAPTURE(path);
    CHECK(look_up(routes, path).pattern == "none");
    CHECK(look_up(routes, path).parameters.empty());
  }
}

TEST_CASE("A route knows its methods: HEAD wherever GET is, and what Allow says") {
  router routes;
  routes.get("/a", nothing);
  routes.post("/a", nothing);
  auto& only_post = routes.post("/b", nothing);
  CHECK(routes.routes().size() == 2);
  const auto& both = *routes.routes()[0];
  CHECK(both.find(method::get));
  CHECK(both.find(method::head));
  CHECK(both.find(method::post));
  CHECK_FALSE(both.find(method::put));
  CHECK(both.allowed() == "GET, HEAD, POST");
  CHECK_FALSE(only_post.find(method::get));
  CHECK_FALSE(only_post.find(method::head));
  CHECK(only_post.allowed() == "POST");
}

TEST_CASE("The errors of a table: no path, wrong method with Allow, unknown method") {
  route found;
  found.methods.emplace_back(method::get, handler{immediate_handler{nothing}});
  const auto wrong_method = method_not_allowed(found);
  CHECK(wrong_method.code() == status::method_not_allowed);
  CHECK(wrong_method.find("Allow") == "GET, HEAD");
  CHECK(no_such_route().code() == status::not_found);
  CHECK(unknown_method().code() == status::not_implemented);
}

}  // namespace
}  // namespace cohort::http
